"""Rows, pages and rules of the product. Nothing here knows of torch, the colorizer or the worker."""
