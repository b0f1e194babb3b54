"""The figures and tables of the paper that can be made again, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mcupatch.paper.figure_1 import redo_figure_1
from mcupatch.paper.figure_5 import redo_figure_5
from mcupatch.paper.figure_6 import redo_figure_6
from mcupatch.paper.figure_8 import redo_figure_8
from mcupatch.paper.item import PaperItem
from mcupatch.paper.table_1 import redo_table_1
from mcupatch.paper.table_5 import redo_table_5

ITEMS: Mapping[str, Callable[[], PaperItem]] = {
    "figure_1": redo_figure_1,
    "table_1": redo_table_1,
    "figure_5": redo_figure_5,
    "figure_6": redo_figure_6,
    "figure_8": redo_figure_8,
    "table_5": redo_table_5,
}
