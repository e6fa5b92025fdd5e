"""Real clicks on the laboratory's page, in headless Chromium."""

import contextlib
import functools
import http.server
import re
import shutil
import threading
import time

import pytest
from serving import served

from tinygan.cli.arguments import main

pytest.importorskip("bokeh", reason="the extra lab is not installed")
pytest.importorskip("selenium", reason="selenium is not installed")

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

CHROMIUM, DRIVER = (shutil.which(name) for name in ("chromium", "chromedriver"))
pytestmark = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None, reason="there is no chromium or no chromedriver"
)
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
    *("--no-first-run", "--disable-background-networking", "--disable-sync"),
    *("--disable-component-update", "--hide-scrollbars", "--window-size=1400,1000"),
)
PATIENCE = 90  # seconds: the machine may be busy
# Bokeh's widgets are in shadow trees. `find` returns the visible elements in all of
# them that pass a test.
FIND = """
const found = [], text = arguments[0], how = arguments[1];
const tests = {
  button: e => (e.tagName === 'BUTTON' || e.classList.contains('bk-tab')) &&
    e.textContent.trim() === text,
  input: e => ['INPUT', 'SELECT'].includes(e.tagName) &&
    e.getRootNode().textContent.includes(text),
  part: e => e.classList.contains(text),
};
const walk = root => { for (const e of root.querySelectorAll('*')) {
  if (tests[how](e) && e.getClientRects().length > 0) found.push(e);
  if (e.shadowRoot) walk(e.shadowRoot);
} };
walk(document);
return found;
"""
TEXT = """
const text = e => [...(e.shadowRoot || e).childNodes].map(n =>
  n.nodeType === 3 ? n.textContent : n.tagName === 'STYLE' ? '' :
  n.tagName === 'IMG' || n.tagName === 'AUDIO' ? n.src + '\\n' :
  text(n) + (n.tagName === 'BR' || n.tagName === 'TR' ? '\\n' : '')).join('');
return text(arguments[0]);
"""
PICTURE = """
const walk = root => { for (const e of root.querySelectorAll('*')) {
  if (e.tagName === 'CANVAS' && e.width > 100) return e;
  const inner = e.shadowRoot && walk(e.shadowRoot);
  if (inner) return inner;
} };
const canvas = walk(arguments[0].shadowRoot);
const middle = canvas.getContext('2d').getImageData(
  canvas.width / 4, canvas.height / 4, canvas.width / 2, canvas.height / 2).data;
return [middle.join(), new Set(middle).size];
"""


class Window:
    """A window of the browser, with the laboratory's page in it."""

    def __init__(self, driver, address):
        self.driver, self.address = driver, address

    def open(self):
        self.driver.get(self.address)
        self.until(lambda: self.find("The game", "button"))
        return self

    def find(self, text, how):
        return self.driver.execute_script(FIND, text, how)

    def until(self, what):
        """Wait until `what` is true, and return it."""
        end = time.monotonic() + PATIENCE
        while not (found := what()):
            assert time.monotonic() < end, "nothing came of it"
            time.sleep(0.05)
        return found

    def click(self, label):
        self.until(lambda: self.find(label, "button"))[0].click()

    def input(self, title):
        return self.until(lambda: self.find(title, "input"))[0]

    def choose(self, title, option):
        Select(self.input(title)).select_by_visible_text(option)

    def enter(self, title, value):
        self.input(title).send_keys(Keys.CONTROL + "a" + Keys.NULL, f"{value}\n")

    def part(self, name):
        return self.until(lambda: self.find(name, "part"))[0]

    def text(self, name):
        found = self.find(name, "part")
        return self.driver.execute_script(TEXT, found[0]) if found else ""

    def picture(self, name="game"):
        """(the pixels in the middle of a part's first canvas, how many values)."""
        return self.driver.execute_script(PICTURE, self.part(name))

    def turn(self):
        found = re.search(r"Turn ([\d,]+)", self.text("status"))
        return int(found[1].replace(",", "")) if found else None

    def drag(self, name, start, end):
        """Drag within a part, from and to shares of its size."""
        part = self.part(name)
        width, height = part.size["width"], part.size["height"]
        places = [
            (round((x - 0.5) * width), round((y - 0.5) * height))
            for x, y in (start, end)
        ]
        (x0, y0), (x1, y1) = places
        mouse = ActionChains(self.driver)
        mouse.move_to_element_with_offset(part, x0, y0).click_and_hold()
        mouse.move_by_offset((x1 - x0) // 2, (y1 - y0) // 2)
        mouse.move_by_offset(x1 - x0 - (x1 - x0) // 2, y1 - y0 - (y1 - y0) // 2)
        mouse.release().perform()


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for option in (*OPTIONS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(option)
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def address():
    with served() as (_, address):
        yield address


@pytest.fixture
def window(driver, address):
    return Window(driver, address).open()


def test_the_first_picture_is_there_and_nothing_came_from_elsewhere(window):
    window.until(lambda: window.turn() == 0)
    assert window.until(lambda: window.picture()[1]) > 10  # colours
    loaded = window.driver.execute_script(
        "return performance.getEntriesByType('resource').map(e => e.name)"
    )
    assert len(loaded) >= 2 and all(u.startswith(window.address) for u in loaded)


def test_play_and_pause(window):
    window.click("Play")
    window.until(lambda: window.turn() > 5)
    assert re.search(r"\d+ turns and \d+ pictures a second", window.text("status"))
    window.click("Pause")
    window.until(lambda: window.find("Play", "button"))
    turn = window.turn()
    time.sleep(0.5)
    assert window.turn() == turn


def test_single_moves_and_back_to_the_start(window):
    start = window.until(window.picture)[0]
    window.click("D moves")
    window.until(lambda: "and 1 of 1 moves of D" in window.text("status"))
    assert window.turn() == 0
    after_D = window.picture()[0]
    assert after_D != start
    window.click("G moves")
    window.until(lambda: window.turn() == 1)
    window.click("One turn")
    window.until(lambda: window.turn() == 2)
    window.click("Back to the start")
    window.until(lambda: window.turn() == 0)
    window.until(lambda: window.picture()[0] == start)  # pixel by pixel
    window.click("D moves")
    window.until(lambda: window.picture()[0] == after_D)


def test_a_bad_choice_is_a_sentence_in_the_page_and_the_game_goes_on(window):
    window.enter("G, hidden layers", "64; 64")
    window.until(lambda: "expected sizes such as 64, 64" in window.text("message"))
    window.click("One turn")
    window.until(lambda: window.turn() == 1)
    window.enter("G, hidden layers", "16")
    window.until(lambda: window.turn() == 0)
    window.until(lambda: window.text("message").strip() == "")


def test_other_data_and_another_objective_begin_a_new_game(window):
    window.click("One turn")
    window.until(lambda: window.turn() == 1)
    before = window.picture()[0]
    window.choose("Data", "two moons")
    window.until(lambda: window.turn() == 0)
    window.until(lambda: window.picture()[0] != before)
    window.choose("Objective", "hinge")
    window.choose("To tame D", "R1")
    window.click("One turn")
    window.until(lambda: window.turn() == 1)
    assert window.text("message").strip() == ""


def test_show_me_has_eight_lines_with_numbers(window):
    window.click("Show me Algorithm 1")
    window.until(lambda: "0 turns played" in window.text("algorithm"))
    window.click("One turn")
    window.until(lambda: "1 turns played" in window.text("algorithm"))
    text = window.text("algorithm")
    assert len(text.strip().split("\n")) == 16  # two for each
    assert "ascend θ_D along the gradient of V" in text
    assert re.search(r"V = -\d\.\d{4}, \|dV/dθ_D\| = \d\.\d\de", text)


def test_data_are_drawn_with_the_mouse(window):
    window.choose("Data", "drawn with the mouse")
    window.until(lambda: "at least one point, got none" in window.text("message"))
    window.drag("canvas", (0.25, 0.5), (0.75, 0.4))
    window.until(lambda: window.text("message").strip() == "")
    stroke = window.until(window.picture)[0]
    ActionChains(window.driver).click(window.part("canvas")).perform()
    window.until(lambda: window.picture()[0] != stroke)  # a point more
    window.click("One turn")
    window.until(lambda: window.turn() == 1)
    window.click("Clear the drawing")
    window.until(lambda: "at least one point, got none" in window.text("message"))


def test_the_start_of_the_dirac_gan_can_be_dragged(window):
    window.click("The Dirac-GAN")
    words = window.until(lambda: window.text("dirac_words"))
    assert "±0.5i in theory" in words and "play circles" in words
    before = window.until(lambda: window.picture("dirac"))[0]
    window.drag("dirac", (0.72, 0.3), (0.6, 0.6))
    window.until(lambda: window.picture("dirac")[0] != before)
    window.choose("Regulariser", "R1")
    window.until(lambda: "converges" in window.text("dirac_words"))


def test_a_walk_through_an_own_run(driver, tmp_path):
    options = ["--steps", "2", "--batch", "8", "--cores", "1", "--quiet"]
    run = tmp_path / "run"
    assert main(["train", "cgan-digits", *options, "--out", str(run)]) == 0
    with served(run) as (_, address):
        window = Window(driver, address).open()
        first = window.until(lambda: window.text("own_sample"))
        assert first.startswith("data:image/png;base64,")
        window.click("A new z")
        second = window.until(
            lambda: (text := window.text("own_sample")) != first and text
        )
        window.choose("A class", "7")
        window.until(lambda: window.text("own_sample") not in (first, second))
        assert window.text("own_way").count("data:image/png") == 9
        way = window.text("own_way")
        window.click("z becomes A")
        window.until(lambda: window.text("own_way") != way)


def test_without_a_run_the_tab_says_how_to_give_one(window):
    window.click("Your own run")
    window.until(lambda: "tinygan lab RUN" in window.text("own_none"))


@contextlib.contextmanager
def stranger(page: str, folder):
    """The address of another site, with this page."""
    (folder / "index.html").write_text(page, "utf-8")
    handler = functools.partial(Quiet, directory=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def test_a_page_of_another_site_can_neither_drive_nor_show_it(
    driver, address, tmp_path
):
    page = f"""<!DOCTYPE html><title>a stranger</title><script>
    window.results = {{}};
    const socket = new WebSocket("{address.replace("http", "ws")}ws", ["bokeh", "x"]);
    socket.onopen = () => results.socket = "open";
    socket.onerror = () => results.socket = "refused";
    const script = document.createElement("script");
    script.src = "{address}autoload.js?bokeh-autoload-element=x";
    script.onload = () => results.script = "loaded";
    script.onerror = () => results.script = "refused";
    document.head.append(script);
    fetch("{address}").then(() => results.page = "read",
                            () => results.page = "refused");
    </script><iframe src="{address}"></iframe>"""
    with stranger(page, tmp_path) as other:
        driver.get(other)
        window = Window(driver, other)
        results = "return window.results"
        found = window.until(
            lambda: len(r := driver.execute_script(results)) == 3 and r
        )
        assert set(found.values()) == {"refused"}
        driver.switch_to.frame(0)
        assert "laboratory of tinygan" not in driver.page_source
        driver.switch_to.default_content()
