"""Names and limits that the construct and the function share."""

import re

RESOURCE_TYPE = "Custom::AppStreamRunningImageBuilder"
"""The CloudFormation resource type. A change would replace every deployed resource."""

HANDLER = "running_image_builder_function.handler.handler"
"""Lambda's handler setting: the dotted module, then the callable."""

# Properties of the resource, as CloudFormation sends them.
NAME = "Name"
APPSTREAM_AGENT_VERSION = "AppstreamAgentVersion"
RESTART_TO_UPDATE_AGENT = "RestartToUpdateAgent"
TIMEOUT_SECONDS = "TimeoutSeconds"
POLL_INTERVAL_SECONDS = "PollIntervalSeconds"
ON_DELETE = "OnDelete"
TRIGGERS = "Triggers"
"""For CloudFormation only, which runs an update when it changes; the function doesn't use it."""

STOP_AFTER_SECONDS = "StopAfterSeconds"
SCHEDULE_NAME = "ScheduleName"
SCHEDULER_ROLE_ARN = "SchedulerRoleArn"
DEPLOY_NONCE = "DeployNonce"
"""For CloudFormation only, as Triggers is: another value in every deploy."""

LEAVE_RUNNING = "LEAVE_RUNNING"
STOP = "STOP"
ON_DELETE_VALUES = (LEAVE_RUNNING, STOP)

LATEST = "LATEST"
"""The agent version that AppStream itself resolves; what it reports then is a date."""

# Source: the AppStream API's service model of 2016-12-01.
NAME_PATTERN = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,100}")
AGENT_VERSION_MAX_LENGTH = 100

MIN_TIMEOUT_SECONDS = 60
MAX_TIMEOUT_SECONDS = 59 * 60
DEFAULT_TIMEOUT_SECONDS = 30 * 60
MIN_POLL_INTERVAL_SECONDS = 1
MAX_POLL_INTERVAL_SECONDS = 60
DEFAULT_POLL_INTERVAL_SECONDS = 2

MIN_STOP_AFTER_SECONDS = 15 * 60
MAX_STOP_AFTER_SECONDS = 30 * 24 * 60 * 60

# Source: the EventBridge Scheduler API's service model of 2021-06-30.
SCHEDULE_NAME_PATTERN = re.compile(r"[0-9a-zA-Z-_.]{1,64}")
SCHEDULE_GROUP = "default"

RESPONSE_MARGIN_SECONDS = 60
"""What ServiceTimeout has beyond the timeout, so that the function's own response always comes first."""

MAX_ALARM_HOURS = 7 * 24
"""Seven days: what CloudWatch allows an alarm's periods to cover together."""

FUNCTION_TIMEOUT_SECONDS = 15 * 60
"""Lambda's limit for one invocation; a longer wait continues in a new one."""

# Attributes: each field of the API's ImageBuilder by the API's own name. A field inside a structure goes by its own
# name alone, except where that would say nothing without the structure's name: StateChangeReason's Code and Message,
# AgentAccessConfig's Settings and S3BucketArn. The value is the path in DescribeImageBuilders' response.
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "Name": ("Name",),
    "Arn": ("Arn",),
    "State": ("State",),
    "EniPrivateIpAddress": ("NetworkAccessConfiguration", "EniPrivateIpAddress"),
    "EniId": ("NetworkAccessConfiguration", "EniId"),
    "EniIpv6Addresses": ("NetworkAccessConfiguration", "EniIpv6Addresses"),
    "AppstreamAgentVersion": ("AppstreamAgentVersion",),
    "LatestAppstreamAgentVersion": ("LatestAppstreamAgentVersion",),
    "ImageArn": ("ImageArn",),
    "InstanceType": ("InstanceType",),
    "Platform": ("Platform",),
    "IamRoleArn": ("IamRoleArn",),
    "SubnetIds": ("VpcConfig", "SubnetIds"),
    "SecurityGroupIds": ("VpcConfig", "SecurityGroupIds"),
    "CreatedTime": ("CreatedTime",),
    "EnableDefaultInternetAccess": ("EnableDefaultInternetAccess",),
    "DisableIMDSV1": ("DisableIMDSV1",),
    "VolumeSizeInGb": ("RootVolumeConfig", "VolumeSizeInGb"),
    "StateChangeReasonCode": ("StateChangeReason", "Code"),
    "StateChangeReasonMessage": ("StateChangeReason", "Message"),
    "DirectoryName": ("DomainJoinInfo", "DirectoryName"),
    "OrganizationalUnitDistinguishedName": ("DomainJoinInfo", "OrganizationalUnitDistinguishedName"),
    "DisplayName": ("DisplayName",),
    "Description": ("Description",),
    "AccessEndpoints": ("AccessEndpoints",),
    "AgentAccessConfigSettings": ("AgentAccessConfig", "Settings"),
    "AgentAccessConfigS3BucketArn": ("AgentAccessConfig", "S3BucketArn"),
    "ScreenshotsUploadEnabled": ("AgentAccessConfig", "ScreenshotsUploadEnabled"),
    "ScreenResolution": ("AgentAccessConfig", "ScreenResolution"),
    "ScreenImageFormat": ("AgentAccessConfig", "ScreenImageFormat"),
    "UserControlMode": ("AgentAccessConfig", "UserControlMode"),
    "ImageBuilderErrors": ("ImageBuilderErrors",),
}

SCHEDULED_STOP_TIME = "ScheduledStopTime"
"""The one attribute that isn't AppStream's: when the builder will be stopped, "" where nothing is scheduled."""

ESSENTIAL_ATTRIBUTES = ("Name", "Arn", "State", "EniPrivateIpAddress", "EniId", SCHEDULED_STOP_TIME)
"""Never cut, however large the response would become."""

# CloudWatch metrics: what the function writes, and the construct's metric helpers read.
METRIC_NAMESPACE = "AppStreamRunningImageBuilder"
SUCCEEDED_STARTS = "SucceededStarts"
FAILED_STARTS = "FailedStarts"
START_DURATION = "StartDuration"
SELF_INVOCATIONS = "SelfInvocations"
RUNNING = "Running"
FUNCTION_NAME = "FunctionName"
IMAGE_BUILDER = "ImageBuilder"
LAST_STATE = "LastState"

MEASURE = "MeasureImageBuilders"
"""The key of an event that asks for the metric ``Running`` of the builders it names; CloudFormation never sends it."""
