"""Fixtures of the package's tests."""

from edgeai_ros_common.testing import domain_id, overrides, ros

__all__ = ["domain_id", "overrides", "ros"]
