"""The examples in the notebooks: a script a layer, cut into cells, and what the scripts stand on."""
