#!/bin/sh
# Starts the image builders that the arguments name, looks every 5 s until all of them are RUNNING, and prints the state.
set -eu
for name in "$@"; do
    state=$(aws appstream describe-image-builders --names "$name" --query 'ImageBuilders[0].State' --output text)
    if [ "$state" = STOPPED ]; then
        aws appstream start-image-builder --name "$name" >/dev/null
    fi
done
while :; do
    waiting=$(aws appstream describe-image-builders --names "$@" --query 'length(ImageBuilders[?State!=`RUNNING`])' --output text)
    [ "$waiting" = 0 ] && break
    sleep 5
done
echo RUNNING
