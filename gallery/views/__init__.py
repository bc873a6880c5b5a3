"""The pages. A view fetches its rows through gallery.access and changes them through gallery.services."""
