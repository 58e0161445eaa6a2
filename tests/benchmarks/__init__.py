"""What the benchmarks measure is what people use."""
