"""Everything here runs against the real control plane."""

from tests.testbed.fixtures import *  # noqa: F403 - fixtures and one hook, listed there
