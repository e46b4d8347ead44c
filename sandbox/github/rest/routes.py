"""All operations the emulated GitHub answers."""

from sandbox.github.rest import apps, checks, deployments, issues, meta, people, pulls, repos, reviews, statuses, suites
from sandbox.github.rest.routing import Router

ROUTES = [
    *apps.ROUTES,
    *repos.ROUTES,
    *pulls.ROUTES,
    *reviews.ROUTES,
    *checks.ROUTES,
    *suites.ROUTES,
    *statuses.ROUTES,
    *deployments.ROUTES,
    *issues.ROUTES,
    *people.ROUTES,
    *meta.ROUTES,
]
ROUTER = Router(ROUTES)
