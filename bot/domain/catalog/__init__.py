"""The platform team's mapping: teams → apps → environments → targets, read with the place of every fault."""

from bot.domain.catalog.durations import format_duration, parse_duration
from bot.domain.catalog.load import load_catalog, select_files
from bot.domain.catalog.model import App, Catalog, ChecksRule, DeployOn, Environment, OnFailure, Place, Team
from bot.domain.catalog.policy import Deployers, MergedBy, Stop
from bot.domain.catalog.problems import CatalogError, Problem
from bot.domain.catalog.shape import catalog_schema
from bot.domain.catalog.windows import Closed, Open, Opening, Span, Windows

__all__ = [
    "App",
    "Catalog",
    "CatalogError",
    "ChecksRule",
    "Closed",
    "DeployOn",
    "Deployers",
    "Environment",
    "MergedBy",
    "OnFailure",
    "Open",
    "Opening",
    "Place",
    "Problem",
    "Span",
    "Stop",
    "Team",
    "Windows",
    "catalog_schema",
    "format_duration",
    "load_catalog",
    "parse_duration",
    "select_files",
]
