"""What newscrawl is measured by, and against whom. `benchmarks/README.md` tells what came out."""
