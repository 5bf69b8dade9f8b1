"""What training rows share with what is held out, and with the benchmarks of the field."""
