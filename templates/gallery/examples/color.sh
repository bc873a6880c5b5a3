# PHOTOLAB_KEY is a key with the scopes read and upload.
SITE={{ site }}
AUTH="Authorization: Bearer $PHOTOLAB_KEY"

answer=$(curl --silent --fail --show-error -H "$AUTH" -F file=@farm.jpg "$SITE/api/v1/photos") || exit 1
photo=$(echo "$answer" | sed 's/^{"id":\([0-9]*\).*/\1/')

for second in $(seq 300); do
    if curl --silent --fail -H "$AUTH" -o farm-colored.jpg "$SITE/api/v1/photos/$photo/result"; then
        echo "farm-colored.jpg is in color"
        exit
    fi
    sleep 1
done
curl --silent -H "$AUTH" "$SITE/api/v1/photos/$photo"
exit 1
