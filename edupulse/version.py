"""The release that this code is, shown with every process so that drift between them is seen."""

VERSION = "0.1.0"
