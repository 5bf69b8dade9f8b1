"""`python -m switchgear`, for launchers such as torchrun."""

from switchgear.cli import main

main()
