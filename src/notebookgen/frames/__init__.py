"""DataFrames in and out: templates over columns, a row's generation, the cross product, ``frame.gen``; loads nothing."""
