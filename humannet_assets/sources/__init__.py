"""Where footage comes from: the source catalog, listing of files, identity by bytes, and what the catalog says of a video."""
