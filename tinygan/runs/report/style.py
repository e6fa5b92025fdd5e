"""The look of a report, and the few lines of script behind its slider."""

from .curves import LEFT, RIGHT, WIDTH

STYLE = """\
:root { --paper: #fff; --ink: #1a1a1a; --faint: #6b6b6b; --line: #d9d9d9;
  --panel: #f6f6f4; --alarm: #b3261e; --c0: #1f6feb; --c1: #c4540a; --c2: #1a7f37;
  --c3: #8250df; color-scheme: light dark }
@media (prefers-color-scheme: dark) { :root { --paper: #16181c; --ink: #e6e6e6;
  --faint: #9a9a9a; --line: #3a3d42; --panel: #1f2227; --alarm: #ff8a80;
  --c0: #6cb0ff; --c1: #f7a35c; --c2: #6fd08c; --c3: #c7a5ff } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1rem; max-width: 76rem; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .5rem 0 1rem }
h2 { font-size: 1.25rem; margin: 2rem 0 .6rem; padding-top: .8rem;
  border-top: 1px solid var(--line) }
h3 { font-size: 1rem; margin: .2rem 0 .4rem }
p { margin: .3rem 0 .6rem }
figure { margin: 0 }
.columns { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)) }
.columns > div { min-width: 0 }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-size: .9rem }
th, td { text-align: left; vertical-align: top; padding: .25rem .9rem .25rem 0;
  border-bottom: 1px solid var(--line); overflow-wrap: normal }
thead th, tbody th { font-weight: 600 }
tbody th { white-space: nowrap; padding-right: 1.5rem }
td { font-variant-numeric: tabular-nums; max-width: 34rem; min-width: 4rem }
td.long { overflow-wrap: anywhere; min-width: 12rem }
tr.differs th::after { content: " *"; color: var(--alarm) }
pre { overflow-x: auto; padding: .8rem; background: var(--panel); font-size: .82rem;
  line-height: 1.4; margin: .4rem 0 }
details { margin: .8rem 0 }
summary { cursor: pointer }
.alarms { padding: .6rem .8rem .6rem 1.8rem; margin: .4rem 0;
  border-left: 4px solid var(--alarm); background: var(--panel) }
.alarms li { margin: .2rem 0 }
.film { display: flex; gap: .6rem; overflow-x: auto; align-items: flex-start }
.film figure { flex: none; max-width: 100% }
.film img { display: block; max-width: 100%; height: auto; background: #fff }
.film img { max-height: 80vh; width: auto }
.film pre { min-width: 12rem }
figcaption { color: var(--faint); font-size: .85rem }
.slider { display: none; position: sticky; top: 0; padding: .4rem 0;
  background: var(--paper) }
.slider output { display: inline-block; min-width: 4.5em }
.slider input { width: 100%; display: block }
.script .slider { display: block }
.script .film { display: block }
.players { display: grid; gap: .4rem; margin-top: .6rem;
  grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)) }
audio { width: 100%; height: 2.2em }
.panel { margin: 0 0 1.4rem }
.one .curve { display: grid; gap: 0 1.5rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)) }
.meaning { font-size: .92rem; color: var(--faint) }
.meaning p { max-width: 36em }
figure > svg { display: block; width: 100%; max-width: 44rem; height: auto }
svg text { font-size: 11px; fill: var(--faint) }
svg .y { text-anchor: end }
svg .x { text-anchor: middle }
svg .stage { text-anchor: start }
svg path, svg polyline { fill: none; stroke: var(--faint) }
svg .grid { stroke: var(--line); stroke-width: .6 }
svg .level { stroke-dasharray: 2 3 }
svg .alarm { stroke: var(--alarm); stroke-dasharray: 5 3; stroke-width: 1.4 }
svg .now { display: none; stroke: var(--ink); stroke-width: .8 }
.script svg .now { display: inline }
svg path.stage { stroke: var(--line) }
svg .fade { fill: var(--line); opacity: .5 }
svg polyline { stroke-width: 1.6; stroke-linejoin: round }
svg polyline.c0 { stroke: var(--c0) }
svg polyline.c1 { stroke: var(--c1) }
svg polyline.c2 { stroke: var(--c2) }
svg polyline.c3 { stroke: var(--c3) }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .1rem 1.1rem;
  margin: .1rem 0 .4rem; padding: 0; font-size: .88rem }
.legend li::before { content: ""; display: inline-block; width: 1.1em; height: .2em;
  vertical-align: middle; margin-right: .4em; background: currentColor }
.legend li { color: var(--ink) }
.legend li.c0::before { background: var(--c0) }
.legend li.c1::before { background: var(--c1) }
.legend li.c2::before { background: var(--c2) }
.legend li.c3::before { background: var(--c3) }
"""

SCRIPT = """
const slider = document.querySelector(".slider input");
if (slider) {
  document.documentElement.classList.add("script");
  const films = [...document.querySelectorAll(".film")].map(f => [...f.children]);
  const steps = [...new Set(films.flat().map(f => +f.dataset.step))];
  steps.sort((a, b) => a - b);
  const show = () => {
    const now = steps[slider.value];
    document.querySelector(".slider output").textContent = now.toLocaleString("en");
    for (const film of films) {
      const past = film.filter(f => +f.dataset.step <= now);
      const shown = past.length ? past[past.length - 1] : film[0];
      for (const f of film) f.hidden = f !== shown;
    }
    for (const line of document.querySelectorAll("svg .now")) {
      const x = SPAN * Math.min(now / line.dataset.end, 1);
      line.setAttribute("transform", `translate(${x})`);
    }
  };
  slider.addEventListener("input", show);
  show();
}
""".replace("SPAN", str(WIDTH - LEFT - RIGHT))
