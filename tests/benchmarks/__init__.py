"""The benchmarks measure what they say, and notice when they are told lies."""
