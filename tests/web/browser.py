"""The served pages as people meet them, in a headless Chromium.

Usage: browser.py ADDRESS COLLECTION SAMESTORY CHROMIUM

ADDRESS is where `samestory serve` serves the sample corpus from COLLECTION, which this script adds an article to with the
program SAMESTORY. Prints a line for each check, and `N passed, N failed` at the end.
"""

import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

ADDRESS, COLLECTION, SAMESTORY, CHROMIUM = sys.argv[1:5]
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}
PAGES = {
    "home": "/",
    "all": "/?span=all&sort=newest",
    "search": "/search?q=ferry",
    "filtered": "/search?q=ferry&outlet=Harbour+Courier&from=2020-02-01",
    "no answer": "/search?q=zzzzzz",
    "mistake": "/search?q=ferry&from=soon",
    "empty search": "/search",
    "article": "/article?id=libya-courier",
    "versions": "/article?id=articles/meridian-post/libya-truce-history.txt",
    "compare": "/compare?a=libya-courier&b=libya-northgate",
    "live": "/live",
    "none": "/nothing",
}
CHECKS = []


def check(one):
    CHECKS.append(one)
    return one


def visit(page, path):
    page.goto(ADDRESS + path)
    return page


def ferry(page):
    """The address of the story of the ferry."""
    visit(page, "/search?q=ferry+sandbank")
    return page.locator(".found h2 a").first.get_attribute("href")


@check
def a_search_leads_to_a_story_and_two_of_its_articles_side_by_side(page):
    visit(page, "/")
    expect(page.get_by_role("heading", name="Top stories")).to_be_visible()
    page.get_by_role("searchbox").fill("ferry sandbank")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".found mark").first).to_be_visible()
    page.locator(".found h2 a").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("ferry")
    expect(page.locator(".timeline circle")).not_to_have_count(0)
    page.get_by_role("link", name="Side by side").nth(2).click()
    expect(page.locator(".verdict")).to_contain_text("One story")
    passage = page.locator(".sides article").first.locator("a.passage").first
    passage.click()
    assert page.url.endswith("#b1"), page.url


@check
def a_passage_lights_up_on_both_sides(page):
    visit(page, PAGES["compare"])
    page.locator(".sides article").first.locator("a.passage").first.hover()
    expect(page.locator(".sides a.passage.lit")).to_have_count(2)


@check
def filters_and_orders_keep_what_was_asked(page):
    visit(page, "/search?q=storm")
    page.get_by_text("Filters").click()
    page.get_by_label("From").fill("2020-02-01")
    page.get_by_role("button", name="Apply").click()
    expect(page).to_have_url(ADDRESS + "/search?q=storm&outlet=&language=&from=2020-02-01&to=")
    page.get_by_role("link", name="Newest").click()
    expect(page.get_by_role("link", name="Newest")).to_have_attribute("aria-current", "true")
    assert "from=2020-02-01" in page.url and "sort=newest" in page.url, page.url


@check
def versions_are_told_word_by_word(page):
    visit(page, PAGES["versions"])
    expect(page.locator("#versions del").first).to_be_visible()
    expect(page.locator("#versions ins").first).to_be_visible()


@check
def keys_are_enough(page):
    visit(page, "/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator(".cards h2 a").first).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator(".cards h2 a").first).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("libya truce")
    page.keyboard.press("Enter")
    expect(page.locator(".found h2 a").first).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator(".story-head h1")).to_be_visible()


@check
def nothing_is_wider_than_a_phone(page):
    page.set_viewport_size(PHONE)
    for name, path in [*PAGES.items(), ("story", ferry(page))]:
        visit(page, path)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"], f"{name} is {width} wide"
        expect(page.get_by_role("searchbox")).to_be_in_viewport()


@check
def pages_say_all_without_a_script(page):
    context = page.context.browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    visit(plain, ferry(page))
    expect(plain.locator(".articles > li")).not_to_have_count(0)
    expect(plain.locator(".timeline circle")).not_to_have_count(0)
    plain.goto(ADDRESS + PAGES["compare"])
    plain.locator(".passages ol a").first.click()
    assert plain.url.endswith("#a1"), plain.url
    context.close()


@check
def a_page_asks_for_nothing_elsewhere_and_breaks_no_policy(page):
    elsewhere, told = [], []
    page.on("request", lambda request: elsewhere.append(request.url) if not request.url.startswith(ADDRESS) else None)
    page.on("console", lambda message: told.append(message.text) if message.type in ("error", "warning") else None)
    for name, path in [*PAGES.items(), ("story", ferry(page))]:
        visit(page, path)
    told = [text for text in told if "status of 404" not in text]
    assert not elsewhere and not told, (elsewhere, told)


@check
def the_live_view_follows_what_another_process_adds(page):
    visit(page, "/live")
    expect(page.locator("#live-state")).to_have_text("Following the collection")
    news = '{"id": "crane-1", "title": "Harbour crane topples", "text": "A crane fell over at dawn, the harbour said."}\n'
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "news.jsonl")
        path.write_text(news, encoding="utf-8")
        subprocess.run([SAMESTORY, "--collection", COLLECTION, "add", path], check=True, capture_output=True)
    expect(page.locator("#news li.new").first).to_contain_text("Harbour crane topples", timeout=15_000)
    page.locator("#news li.new a").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Harbour crane topples")


@check
def nothing_serious_stands_in_the_way_of_anyone(page):
    """What axe-core finds, in both themes, wide and narrow."""
    found = []
    story = ferry(page)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for size in (DESK, PHONE):
            page.set_viewport_size(size)
            for name, path in [*PAGES.items(), ("story", story)]:
                visit(page, path)
                for details in page.locator("details:not([open]) > summary").all():
                    details.click()
                for one in Axe().run(page).response["violations"]:
                    where = [node["target"] for node in one["nodes"]][:3]
                    found.append(f"{theme} {size['width']} {name}: {one['impact']} {one['id']} {where}")
    serious = [one for one in found if ": serious " in one or ": critical " in one]
    for one in found:
        if one not in serious:
            print("  noted:", one)
    assert not serious, "\n".join(serious)


def main():
    failed = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for one in CHECKS:
            context = browser.new_context(viewport=DESK)
            try:
                one(context.new_page())
                print("ok", one.__name__)
            except Exception:
                failed += 1
                print("FAILED", one.__name__)
                traceback.print_exc(file=sys.stdout)
            context.close()
        browser.close()
    print(f"{len(CHECKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
