"""From a declaration to the plan and the inputs of a sweep directory."""
