"""The peers, each in a module of its own that their virtual environment can import."""
