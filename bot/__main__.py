"""`python -m bot` is the `greenlane` command."""

from bot.cli import main

main()
