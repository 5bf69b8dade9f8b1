"""kill -9 at random moments of every stage: does the same command come to the same result?

    python -m benchmarks.kills --times 20 [--stage train]

A tiny random model, a garden of invented traces, no network. Each trial begins where the stage begins, is killed once,
and goes on with the same command; then every file that the stage writes is compared with an undisturbed run, byte by
byte. Stages run in forks of a process that has imported everything, so that moments fall into the work.
"""
