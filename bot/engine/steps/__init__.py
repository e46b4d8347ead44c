"""One module a step. A step reads the truth, decides, and answers with data; only `rollout` has an effect outside."""
