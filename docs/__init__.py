"""The documents, and the program that draws the picture of the packages."""
