// A formula in a line of text cannot break. One that is wider than its paragraph gets a
// line of its own, in which it scrolls (mjx-container.wide in book.css). An option such as
// --steps does not break behind its hyphens.
(function () {
  function mark() {
    for (const formula of document.querySelectorAll("mjx-container:not([display])")) {
      formula.classList.remove("wide");
      const width = formula.firstElementChild.getBoundingClientRect().width;
      const around = formula.closest("p, li, td, dd, dt, h1, h2, h3, summary");
      if (around && !around.closest("td") && width > around.clientWidth) {
        formula.classList.add("wide");
      }
    }
  }
  window.addEventListener("load", function () {
    for (const word of document.querySelectorAll("code .pre")) {
      if (/^-.{1,24}$/.test(word.textContent)) word.style.whiteSpace = "nowrap";
    }
    if (window.MathJax && MathJax.startup) {
      MathJax.startup.promise.then(mark);
      window.addEventListener("resize", mark);
      document.addEventListener("toggle", mark, true); // a solution is opened
    }
  });
})();
