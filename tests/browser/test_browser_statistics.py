"""Statistics by hand in the browser, from the choice of columns to what came of them."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from commons.computations.statistics.spec import CategoryColumn, NumberColumn
from deltaml.demo.acceptors import Acceptors
from deltaml.demo.kinds.statistics import CellColumn, CellTable, StatisticsJob
from deltaml.demo.world import DATA_DIR
from tests.support.browser_steps import choose_file
from tests.support.market import OWNERS, Market

pytestmark = [pytest.mark.e2e, pytest.mark.soak, pytest.mark.timeout(600)]

TITLE = "Trees of five valleys"
ROWS = 300
NARROW = {"width": 390, "height": 844}
SPECIES = ("ash", "beech", "larch", "oak", "spruce")
FINISHED_MS = 240_000


@dataclass(frozen=True)
class Trees:
    """Columns of numbers and categories, of which some cells are empty.

    Attributes:
        sample: a file with all rows.
        numbers: values by column, NaN where a cell is empty, shape (n_rows,) each.
        species: a text for each row, empty where nobody knows.
    """

    sample: Path
    numbers: dict[str, np.ndarray]
    species: list[str]


def number_column(name: str, values: np.ndarray) -> CellColumn:
    cells = np.array(["" if np.isnan(value) else repr(float(value)) for value in values], dtype=object)
    declared = NumberColumn(name=name, minimum=float(np.nanmin(values)), maximum=float(np.nanmax(values)))
    return CellColumn(declared, cells, values)


def category_column(name: str, levels: tuple[str, ...], indexes: np.ndarray) -> CellColumn:
    cells = np.array(["" if np.isnan(index) else levels[int(index)] for index in indexes], dtype=object)
    return CellColumn(CategoryColumn(name=name, levels=levels), cells, indexes)


@pytest.fixture(scope="module")
def trees(market: Market) -> Trees:
    """Added by all owners; tall trees are old and thick, and crowns are thin on high ground."""
    rng = np.random.default_rng(5)
    age = np.round(rng.gamma(4.0, 18.0, ROWS) + 5)
    girth = np.round(1.6 * age + rng.normal(0, 22, ROWS) + 40, 1)
    altitude = np.round(rng.uniform(310, 1790, ROWS))
    numbers = {
        "tree_age": age,
        "girth": girth,
        "tallness": np.round(4 + 5.2 * np.log(age) + rng.normal(0, 1.4, ROWS), 2),
        "altitude": altitude,
        "crown_share": np.round(np.clip(0.95 - altitude / 2500 + rng.normal(0, 0.06, ROWS), 0.02, 1), 3),
    }
    numbers["girth"][rng.uniform(size=ROWS) < 0.1] = np.nan
    species = rng.choice(len(SPECIES), ROWS, p=[0.08, 0.34, 0.12, 0.3, 0.16]).astype(float)
    species[rng.uniform(size=ROWS) < 0.05] = np.nan
    columns = [number_column(name, values) for name, values in numbers.items()]
    columns.append(category_column("species", SPECIES, species))
    job = StatisticsJob(CellTable("trees", tuple(columns)))
    for owner, rows in zip(market.world.owners, job.deal(3, OWNERS), strict=True):
        path = market.folder / owner.login.name / DATA_DIR / f"trees-{owner.login.name}.csv"
        job.write_rows(path, rows)
        owner.session.post("/v1/datasets", {"path": str(path), "name": "Trees"})
    sample = market.folder / "trees.csv"
    job.write_rows(sample, np.arange(ROWS))
    return Trees(sample, numbers, [str(cell) for cell in columns[-1].cells])


def ask(page: Page, sample: Path, snapshot) -> None:
    """Through all steps of the wizard to the review."""
    page.locator("label", has_text="Look at the data").click()
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Title").fill(TITLE)
    page.get_by_role("button", name="Read from a sample CSV…").click()
    choose_file(page, sample)
    expect(page.get_by_text("trees.csv: 300 rows")).to_be_visible()
    snapshot(page, "statistics-sample")
    page.get_by_role("button", name="Use these columns").click()
    expect(page.get_by_role("group", name="Column 6").get_by_label("Levels")).to_have_value("\n".join(SPECIES))
    page.locator("label", has=page.get_by_role("checkbox")).click()
    photograph(page, "statistics-wizard-columns", snapshot)
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_label("Number of owners")).to_have_value("5")
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Price").fill("0.2")
    expect(page.get_by_text("Your account holds enough.")).to_be_visible()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text(re.compile("distribution and correlations of 6 columns"))).to_be_visible()
    photograph(page, "statistics-wizard-review", snapshot)


def photograph(page: Page, name: str, snapshot) -> None:
    """Wide and narrow; nothing may be wider than the page."""
    wide = page.viewport_size
    page.evaluate("window.scrollTo(0, 0)")
    snapshot(page, name)
    page.set_viewport_size(NARROW)
    page.wait_for_timeout(200)
    page.evaluate("window.scrollTo(0, 0)")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], name
    snapshot(page, f"{name}-narrow")
    page.set_viewport_size(wide)


def cells_of(page: Page, column: str) -> list[str]:
    row = page.get_by_role("table", name="All columns").get_by_role("row").filter(has_text=column)
    return [text.strip() for text in row.get_by_role("cell").all_inner_texts()]


def look_at_columns(page: Page, trees: Trees) -> None:
    for name, values in trees.numbers.items():
        region = page.get_by_role("region", name=name, exact=True)
        expect(region.get_by_role("img", name=re.compile(f"^Distribution of {name} from"))).to_be_visible()
        missing = region.get_by_role("definition").last
        expect(missing).to_have_text(str(int(np.isnan(values).sum())))
    species = page.get_by_role("region", name="species", exact=True)
    for level in SPECIES:
        expect(species.get_by_text(re.compile(rf"^{trees.species.count(level)} \("))).not_to_have_count(0)


def look_at_table(page: Page, trees: Trees) -> None:
    page.get_by_role("tab", name="Table").click()
    for name, values in trees.numbers.items():
        count, missing, mean, deviation, *_ = cells_of(page, name)
        filled = values[~np.isnan(values)]
        assert (int(count), int(missing)) == (len(filled), ROWS - len(filled))
        assert number(mean) == pytest.approx(filled.mean(), rel=1e-4)
        assert number(deviation) == pytest.approx(filled.std(), rel=1e-4)


def number(text: str) -> float:
    return float(text.replace(",", ""))


def look_at_correlations(page: Page, trees: Trees) -> None:
    page.get_by_role("tab", name="Correlations").click()
    table = page.get_by_role("region", name="Correlations of the columns of numbers")
    rows = np.array(list(trees.numbers.values()))
    expected = np.corrcoef(rows[:, ~np.isnan(rows).any(axis=0)])
    found = [
        [number(cell.replace("−", "-")) for cell in row.get_by_role("cell").all_inner_texts()]
        for row in table.get_by_role("row").all()[1:]
    ]
    assert np.array(found) == pytest.approx(expected, abs=0.0051)


def test_statistics_are_asked_for_by_hand_and_shown_as_they_are(market, visits, trees, snapshot, tmp_path):
    page = visits.member(market.world.buyer.login, "/jobs/new")
    ask(page, trees.sample, snapshot)
    page.get_by_role("button", name="Post the job and pay 0.2 ETH").click()
    expect(page.get_by_role("heading", level=1, name=TITLE)).to_be_visible()
    with Acceptors(market.world):
        expect(page.get_by_role("heading", name="Your statistics")).to_be_visible(timeout=FINISHED_MS)
    look_at_columns(page, trees)
    photograph(page, "statistics-columns", snapshot)
    look_at_table(page, trees)
    photograph(page, "statistics-table", snapshot)
    look_at_correlations(page, trees)
    photograph(page, "statistics-correlations", snapshot)
    page.emulate_media(color_scheme="dark")
    photograph(page, "statistics-correlations-dark", snapshot)

    with page.expect_download() as download:
        page.get_by_role("button", name="Table as CSV").click()
    download.value.save_as(tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(encoding="utf-8-sig", newline="") as file:
        means = {row["column"]: row["mean"] for row in csv.DictReader(file)}
    for name, values in trees.numbers.items():
        assert float(means[name]) == pytest.approx(np.nanmean(values), rel=1e-9)
