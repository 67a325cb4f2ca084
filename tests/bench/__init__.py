"""The benchmarks run, and their loads count right. No speed is tested."""
