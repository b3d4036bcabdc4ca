"""The commands of ``appstream-image-builder``, which need the extra ``cli``."""
