"""Benchmarks. Apart from the tests, for they take long and their figures depend on the machine."""
