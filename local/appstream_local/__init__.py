"""A local AWS engine with AppStream image builders."""
