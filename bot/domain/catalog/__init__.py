"""The platform team's mapping: teams → apps → environments → targets, read with the place of every fault."""

from bot.domain.catalog.durations import format_duration, parse_duration
from bot.domain.catalog.load import load_catalog, select_files
from bot.domain.catalog.model import App, Catalog, ChecksRule, DeployOn, Environment, OnFailure, Place, Team
from bot.domain.catalog.problems import CatalogError, Problem
from bot.domain.catalog.shape import catalog_schema

__all__ = [
    "App",
    "Catalog",
    "CatalogError",
    "ChecksRule",
    "DeployOn",
    "Environment",
    "OnFailure",
    "Place",
    "Problem",
    "Team",
    "catalog_schema",
    "format_duration",
    "load_catalog",
    "parse_duration",
    "select_files",
]
