"""Interactive widgets: in each file a pure function from state to arrays, and a thin view on it."""
