#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Uses the page of a surface in headless Chromium and compares what it tells with the CSV: browse.py DIRECTORY.

Ends with 77, which ctest counts as skipped, where python3-selenium, chromium or chromium-driver is missing.
"""
import csv
import math
import pathlib
import shutil
import sys

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
except ImportError as missing:
    print(f"skipped: {missing}; install python3-selenium")
    sys.exit(77)
driver, browser = shutil.which("chromedriver"), shutil.which("chromium")
if not driver or not browser:
    print("skipped: no chromium or chromedriver; install chromium and chromium-driver")
    sys.exit(77)

folder = pathlib.Path(sys.argv[1]).resolve()
with open(folder / "surface.csv", newline="", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
wide = len({row["x"] for row in rows})
told = {"at-x": "x", "at-y": "y", "loss-0": "float_loss", "accuracy-0": "float_accuracy", "loss-1": "projected_loss",
        "accuracy-1": "projected_accuracy", "cell": "cell", "right": "changes_x", "up": "changes_y"}

options = webdriver.ChromeOptions()
options.binary_location = browser
for word in ("--headless=new", "--no-sandbox", "--disable-gpu"):
    options.add_argument(word)
options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
page = webdriver.Chrome(service=Service(driver), options=options)


def same(shown, number):
    a, b = float(shown), float(number)
    return a == b or (math.isnan(a) and math.isnan(b))


def check(node):
    for element, column in told.items():
        e = page.find_element(By.ID, element)
        exact = e.get_attribute("data-value")
        assert same(exact, rows[node][column]), (node, column, exact, rows[node][column])
        assert math.isclose(float(e.text), float(exact), rel_tol=1e-5) or same(e.text, exact), (column, e.text)


def pixels(canvas):
    return page.execute_script("return arguments[0].toDataURL()", canvas)


def choose(name, value):
    page.find_element(By.CSS_SELECTOR, f"input[name={name}][value='{value}']").click()


try:
    for width, mode in ((1280, "light"), (390, "dark")):
        page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                             {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 400})
        page.execute_cdp_cmd("Emulation.setEmulatedMedia",
                             {"features": [{"name": "prefers-color-scheme", "value": mode}]})
        page.get((folder / "surface.html").as_uri())
        assert "</script>" in page.title and "broken" != page.title, page.title
        assert page.execute_script("return document.documentElement.scrollWidth <= innerWidth"), "wider than the window"
        canvases = page.find_elements(By.TAG_NAME, "canvas")
        assert len(canvases) == 2
        listed = page.find_elements(By.CSS_SELECTOR, "#models tr")
        assert len(listed) == 7 and "0.75" in listed[2].text and "onerror" in listed[0].text

        for k, i, j in ((0, 7, 5), (1, 33, 22), (0, wide - 1, len(rows) // wide - 1)):  # the last one has no loss
            page.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvases[k])
            x, y = page.execute_script(
                "const p = panels[arguments[0]]; return [px(p, at(data.x, arguments[1])) - p.wide / 2, "
                "py(p, at(data.y, arguments[2])) - p.tall / 2]", k, i, j)
            ActionChains(page).move_to_element_with_offset(canvases[k], round(x), round(y)).perform()
            check(j * wide + i)
        canvases[0].send_keys(Keys.ARROW_LEFT, Keys.ARROW_DOWN)
        check(len(rows) - wide - 2)

        seen = [pixels(canvases[0])]
        for name, value in (("field", "accuracy"), ("scale", "linear" if width == 1280 else "log"), ("view", "solid")):
            choose(name, value)
            now = pixels(canvases[0])
            if name != "scale":
                assert now not in seen, (name, value)
            seen.append(now)
        assert page.find_element(By.ID, "bar").text.startswith("accuracy")
        canvases[0].send_keys(Keys.ARROW_RIGHT)
        assert pixels(canvases[0]) != seen[-1], "the 3-D view does not turn"
        choose("shown", "1")
        assert not canvases[0].is_displayed() and canvases[1].is_displayed()
        choose("shown", "both")
        assert canvases[0].is_displayed() and canvases[1].is_displayed()
    errors = [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"]
    assert not errors, errors
finally:
    page.quit()
print("the page tells what the CSV holds")
