"""The attributes of a running image builder as typed properties."""

from abc import abstractmethod


class ImageBuilderAttributes:
    """Every field of the AppStream API's ImageBuilder, with the prefix ``image_builder_``.

    All are strings that CloudFormation resolves; "" if AppStream reports nothing. A resource that uses one waits for
    RUNNING. A field inside a structure has its own name alone, except StateChangeReason's fields, and
    AgentAccessConfig's Settings and S3BucketArn. ``ImageBuilderErrors`` is ``image_builder_errors``.
    """

    @abstractmethod
    def _attribute(self, name: str) -> str:
        """Return the attribute of that name."""

    @property
    def image_builder_arn(self) -> str:
        """The builder's ARN."""
        return self._attribute("Arn")

    @property
    def image_builder_state(self) -> str:
        """The state at the end of the deploy: RUNNING."""
        return self._attribute("State")

    @property
    def image_builder_eni_private_ip_address(self) -> str:
        """The private IP address of the builder's network interface; "" without a VPC. Each start can change it."""
        return self._attribute("EniPrivateIpAddress")

    @property
    def image_builder_eni_id(self) -> str:
        """The id of the builder's network interface; "" without a VPC. Each start can change it."""
        return self._attribute("EniId")

    @property
    def image_builder_eni_ipv6_addresses(self) -> str:
        """The IPv6 addresses of the network interface, comma-separated."""
        return self._attribute("EniIpv6Addresses")

    @property
    def image_builder_appstream_agent_version(self) -> str:
        """The version of the AppStream agent on the builder."""
        return self._attribute("AppstreamAgentVersion")

    @property
    def image_builder_latest_appstream_agent_version(self) -> str:
        """Whether that is the latest version: TRUE or FALSE."""
        return self._attribute("LatestAppstreamAgentVersion")

    @property
    def image_builder_image_arn(self) -> str:
        """The ARN of the image that the builder was created from."""
        return self._attribute("ImageArn")

    @property
    def image_builder_instance_type(self) -> str:
        """The instance type, such as ``stream.standard.medium``."""
        return self._attribute("InstanceType")

    @property
    def image_builder_platform(self) -> str:
        """The operating system, such as ``WINDOWS_SERVER_2022``."""
        return self._attribute("Platform")

    @property
    def image_builder_iam_role_arn(self) -> str:
        """The ARN of the role for applications on the builder."""
        return self._attribute("IamRoleArn")

    @property
    def image_builder_subnet_ids(self) -> str:
        """The ids of the VPC's subnets, comma-separated."""
        return self._attribute("SubnetIds")

    @property
    def image_builder_security_group_ids(self) -> str:
        """The ids of the security groups, comma-separated."""
        return self._attribute("SecurityGroupIds")

    @property
    def image_builder_created_time(self) -> str:
        """When the builder was created, ISO 8601 in UTC."""
        return self._attribute("CreatedTime")

    @property
    def image_builder_enable_default_internet_access(self) -> str:
        """Whether the builder reaches the internet without a VPC: true or false."""
        return self._attribute("EnableDefaultInternetAccess")

    @property
    def image_builder_disable_imdsv1(self) -> str:
        """Whether version 1 of the instance metadata service is off: true or false."""
        return self._attribute("DisableIMDSV1")

    @property
    def image_builder_volume_size_in_gb(self) -> str:
        """The size of the root volume in GB."""
        return self._attribute("VolumeSizeInGb")

    @property
    def image_builder_state_change_reason_code(self) -> str:
        """The code of the reason for the last change of state."""
        return self._attribute("StateChangeReasonCode")

    @property
    def image_builder_state_change_reason_message(self) -> str:
        """The reason for the last change of state."""
        return self._attribute("StateChangeReasonMessage")

    @property
    def image_builder_directory_name(self) -> str:
        """The fully qualified name of the directory that the builder has joined."""
        return self._attribute("DirectoryName")

    @property
    def image_builder_organizational_unit_distinguished_name(self) -> str:
        """The organizational unit of its computer account."""
        return self._attribute("OrganizationalUnitDistinguishedName")

    @property
    def image_builder_display_name(self) -> str:
        """The name that users see."""
        return self._attribute("DisplayName")

    @property
    def image_builder_description(self) -> str:
        """The description."""
        return self._attribute("Description")

    @property
    def image_builder_access_endpoints(self) -> str:
        """The interface endpoints for access to the builder, as compact JSON."""
        return self._attribute("AccessEndpoints")

    @property
    def image_builder_agent_access_config_settings(self) -> str:
        """What an AI agent can do in a session on the builder, as compact JSON."""
        return self._attribute("AgentAccessConfigSettings")

    @property
    def image_builder_agent_access_config_s3_bucket_arn(self) -> str:
        """The ARN of the S3 bucket for an agent's screenshots."""
        return self._attribute("AgentAccessConfigS3BucketArn")

    @property
    def image_builder_screenshots_upload_enabled(self) -> str:
        """Whether an agent's screenshots are uploaded to that bucket: true or false."""
        return self._attribute("ScreenshotsUploadEnabled")

    @property
    def image_builder_screen_resolution(self) -> str:
        """The screen resolution for an agent, such as ``W_1280xH_720``."""
        return self._attribute("ScreenResolution")

    @property
    def image_builder_screen_image_format(self) -> str:
        """The image format of an agent's screenshots: PNG or JPEG."""
        return self._attribute("ScreenImageFormat")

    @property
    def image_builder_user_control_mode(self) -> str:
        """How a user can interact with an agent's session: VIEW_ONLY, VIEW_STOP or DISABLED."""
        return self._attribute("UserControlMode")

    @property
    def image_builder_errors(self) -> str:
        """The errors that AppStream recorded, as compact JSON."""
        return self._attribute("ImageBuilderErrors")
