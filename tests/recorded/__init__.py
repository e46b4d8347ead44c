"""What a real cluster said in the course of many rollouts, with the verdict a person expects of each moment.

`pairs/<case>-<moment>.objects.yaml` are the objects, `….expected.yaml` is when it was, what was wanted and what is expected.
`python -m tests.recorded CASE…` records cases of `tests/testbed/cases` anew; `script.py` says which moments and what is expected.
"""
