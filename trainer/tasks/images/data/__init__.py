"""Images by split and row: listed, scanned for damage, decoded and cropped; packed into one file where that pays."""
