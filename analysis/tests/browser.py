"""Opens a report in headless Chromium and uses it as a reader would.

usage: browser.py FOLDER AXE
  FOLDER  with report.html (several scans), one.html (one scan), tls.html (one scan and TLS reports) and figures/;
          pictures are written there
  AXE     the script of axe-core
"""

import base64
import csv
import io
import json
import pathlib
import sys
import tempfile

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--force-device-scale-factor=1",
    "--force-prefers-reduced-motion",
)


def check(what, found, expected):
    if found != expected:
        sys.exit(f"browser: {what}: found {found!r}, expected {expected!r}")


def browser(profile, downloads):
    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
    driver.set_page_load_timeout(60)
    driver.set_script_timeout(120)
    # What the browser's own first page asks for is no business of the report's.
    driver.get("about:blank")
    driver.get_log("performance")
    return driver


def size(driver, width, height):
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
    )


def picture(driver, path, clip=None):
    more = {"clip": clip, "captureBeyondViewport": True} if clip else {}
    shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", **more})
    path.write_bytes(base64.b64decode(shot["data"]))


def waited(driver, condition):
    return WebDriverWait(driver, 20).until(condition)


def cells(driver, query, column):
    return driver.execute_script(
        "return [...document.querySelectorAll(`#t-${arguments[0]} tbody tr`)]"
        ".map((row) => row.cells[arguments[1]].dataset.v ?? row.cells[arguments[1]].textContent)",
        query, column,
    )


def opened(driver, query):
    article = driver.find_element(By.ID, f"q-{query}")
    details = article.find_element(By.CSS_SELECTOR, "details:has(table)")
    if details.get_attribute("open") is None:
        details.find_element(By.TAG_NAME, "summary").click()
    return article


def check_sorting(driver):
    opened(driver, "suffix")
    heads = driver.find_elements(By.CSS_SELECTOR, "#t-suffix thead th")
    names = [head.text for head in heads]
    at = names.index("signallers")
    # By keyboard, as by mouse.
    heads[at].find_element(By.TAG_NAME, "button").send_keys(Keys.ENTER)
    found = [int(value) for value in cells(driver, "suffix", at)]
    check("sorted downwards", found, sorted(found, reverse=True))
    check("aria-sort", heads[at].get_attribute("aria-sort"), "descending")
    heads[at].find_element(By.TAG_NAME, "button").click()
    found = [int(value) for value in cells(driver, "suffix", at)]
    check("sorted upwards", found, sorted(found))
    check("aria-sort", heads[at].get_attribute("aria-sort"), "ascending")
    # Shares may be null: those stay last.
    at = names.index("signallers_pct")
    heads[at].find_element(By.TAG_NAME, "button").click()
    found = cells(driver, "suffix", at)
    numbers = [float(value) for value in found if value]
    check("shares sorted downwards", numbers, sorted(numbers, reverse=True))
    check("null stays last", found[: len(numbers)].count(""), 0)
    return len(found)


def check_copying(driver, figures, downloads):
    driver.execute_cdp_cmd(
        "Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    )
    article = opened(driver, "verdicts")
    article.find_element(By.CSS_SELECTOR, "button[data-act=copy]").click()
    waited(driver, lambda driver: "Copied" in driver.find_element(By.ID, "said").text)
    copied = driver.execute_async_script(
        "const done = arguments[0]; navigator.clipboard.readText().then(done, (fault) => done(String(fault)))"
    )
    expected = (figures / "verdicts.csv").read_text()
    check("the copied CSV", list(csv.reader(io.StringIO(copied))), list(csv.reader(io.StringIO(expected))))
    article.find_element(By.CSS_SELECTOR, "button[data-act=save]").click()
    waited(driver, lambda _: (downloads / "verdicts.csv").exists())
    waited(driver, lambda _: (downloads / "verdicts.csv").read_text() == expected)
    # A table of which the page shows a part is saved whole.
    article = opened(driver, "suffix")
    article.find_element(By.CSS_SELECTOR, "button[data-act=save]").click()
    whole = (figures / "suffix.csv").read_text()
    waited(driver, lambda _: (downloads / "suffix.csv").exists() and sorted((downloads / "suffix.csv").read_text().splitlines()) == sorted(whole.splitlines()))
    return expected.count("\n") + whole.count("\n")


def check_structure(driver):
    """What a screen reader needs: names, no id twice, a table for each figure, one level of headings after the other."""
    faults = driver.execute_script("""
        const faults = [];
        const ids = [...document.querySelectorAll('[id]')].map((each) => each.id);
        for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push(`id ${id} twice`);
        for (const svg of document.querySelectorAll('svg')) {
            for (const id of svg.getAttribute('aria-labelledby').split(' '))
                if (!document.getElementById(id)?.textContent) faults.push(`a figure without ${id}`);
            if (!svg.closest('article').querySelector('table')) faults.push('a figure without its table');
        }
        for (const link of document.querySelectorAll('a[href^="#"]'))
            if (!document.getElementById(link.hash.slice(1))) faults.push(`a link to nowhere: ${link.hash}`);
        let level = 0;
        for (const head of document.querySelectorAll('h1,h2,h3,h4')) {
            const next = Number(head.tagName[1]);
            if (next > level + 1) faults.push(`h${level} before h${next}`);
            level = next;
        }
        return faults;
    """)
    check("structure", faults, [])


def contrast(driver):
    """The least contrast of any text with the page's ground, as WCAG 2 reckons it."""
    return driver.execute_script("""
        const light = (colour) => {
            const [r, g, b] = colour.match(/[\\d.]+/g).map((part) => part / 255)
                .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const ground = light(getComputedStyle(document.body).backgroundColor);
        const ratio = (colour) => {
            const [high, low] = [light(colour), ground].sort((a, b) => b - a);
            return (high + 0.05) / (low + 0.05);
        };
        const texts = [...document.querySelectorAll('h1,h2,h3,p,dt,dd,figcaption,summary,td,th button,a,.bar span')]
            .filter((each) => !each.closest('.skip')).map((each) => getComputedStyle(each).color);
        const drawn = [...document.querySelectorAll('svg text:not(.k)')].map((each) => getComputedStyle(each).fill);
        return Math.min(...[...new Set([...texts, ...drawn])].map(ratio));
    """)


def check_accessible(driver, axe, page):
    """What axe finds, wide and light, dark at a phone's width, and with all tables open: nothing."""

    def violations(how, rules):
        found = driver.execute_async_script("""
            const [rules, done] = arguments;
            const told = ({ id, impact, nodes }) => `${id} (${impact}): ${nodes.length} times, ${nodes[0].html}`;
            axe.run({ rules }).then(({ violations }) => done(violations.map(told)), (fault) => done([String(fault)]));
        """, rules)
        check(f"what axe finds in {page}, {how}", found, [])

    driver.execute_script(axe)
    for width, theme in ((1280, "light"), (390, "dark")):
        size(driver, width, 900)
        driver.execute_script("document.documentElement.dataset.theme = arguments[0]", theme)
        violations(f"{theme}, {width} wide", {})
    driver.execute_script("delete document.documentElement.dataset.theme")
    size(driver, 1280, 900)
    # The contrast of thousands of cells takes minutes, and cells are of one colour.
    driver.execute_script("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    violations("all tables open", {"color-contrast": {"enabled": False}})


def check_looks(driver, out):
    size(driver, 1280, 900)
    driver.execute_script("scrollTo(0, 0)")
    picture(driver, out / "wide.png")
    check("contrast of text, light, is 4.5 at least", contrast(driver) >= 4.5, True)
    driver.find_element(By.ID, "theme").click()
    check("theme", driver.execute_script("return document.documentElement.dataset.theme"), "dark")
    check("contrast of text, dark, is 4.5 at least", contrast(driver) >= 4.5, True)
    picture(driver, out / "dark.png")
    driver.find_element(By.ID, "theme").click()
    size(driver, 375, 812)
    overflow = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    check("pixels that stand out at a phone's width", driver.execute_script(overflow), 0)
    shown = "return [...document.querySelectorAll('svg')].filter((svg) => svg.getBoundingClientRect().width > 0)"
    check("figures at a phone's width", driver.execute_script(f"{shown}.every((svg) => svg.classList.contains('narrow'))"), True)
    picture(driver, out / "phone.png")
    size(driver, 1280, 900)
    check("figures on a wide screen", driver.execute_script(f"{shown}.every((svg) => svg.classList.contains('wide'))"), True)
    figures = driver.execute_script(f"{shown}.length")
    printed = driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True, "preferCSSPageSize": True})
    (out / "print.pdf").write_bytes(base64.b64decode(printed["data"]))
    return figures


def check_sections(driver, out, names):
    """Whole sections, wide and at a phone's width, with all tables open; and the page printed."""
    driver.execute_script("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    overflow = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    for look, width in (("wide", 1280), ("phone", 390)):
        size(driver, width, 900)
        check(f"pixels that stand out at {width}", driver.execute_script(overflow), 0)
        for name in names:
            box = driver.execute_script(
                "const box = document.getElementById(arguments[0]).getBoundingClientRect();"
                "return [box.x + scrollX, box.y + scrollY, box.width, box.height]", name,
            )
            x, y, wide, high = box
            picture(driver, out / f"{name}-{look}.png", {"x": x, "y": y, "width": wide, "height": min(high, 16_000), "scale": 1})
    size(driver, 1280, 900)
    printed = driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True, "preferCSSPageSize": True})
    (out / "tls.pdf").write_bytes(base64.b64decode(printed["data"]))


def requests(driver):
    """Everything that was asked of anything but the page itself."""
    asked = []
    for line in driver.get_log("performance"):
        event = json.loads(line["message"])["message"]
        if event["method"] == "Network.requestWillBeSent":
            asked.append(event["params"]["request"]["url"])
    return [url for url in asked if not url.startswith(("data:", "blob:"))]


def main(out, axe):
    with tempfile.TemporaryDirectory() as work:
        downloads = pathlib.Path(work, "downloads")
        downloads.mkdir()
        driver = browser(pathlib.Path(work, "profile"), downloads)
        try:
            pages = [out / "report.html", out / "one.html", out / "tls.html"]
            addresses = [page.resolve().as_uri() for page in pages]
            for page, address in zip(pages, addresses):
                check(f"bytes of {page.name} below 2,000,000", page.stat().st_size < 2_000_000, True)
                driver.get(address)
                waited(driver, lambda driver: driver.execute_script("return document.readyState") == "complete")
                check("the script runs", "js" in driver.find_element(By.TAG_NAME, "html").get_attribute("class"), True)
                check_structure(driver)
                # It has every kind of table and figure but those over time; a page takes minutes.
                if page.name == "tls.html":
                    check_accessible(driver, axe.read_text(), page.name)
            check_sections(driver, out, ["reported", "explained"])
            driver.get(addresses[0])
            figures = check_looks(driver, out)
            rows = check_sorting(driver)
            copied = check_copying(driver, out / "figures", downloads)
            errors = [line for line in driver.get_log("browser") if line["level"] in ("SEVERE", "WARNING")]
            check("errors on the console", errors, [])
            check("requests", sorted(set(requests(driver)) - set(addresses)), [])
        finally:
            driver.quit()
    print(f"{figures} figures, {rows} rows sorted, {copied} lines copied and saved; nothing that axe finds, no error on the console, no request")


if __name__ == "__main__":
    main(*map(pathlib.Path, sys.argv[1:]))
