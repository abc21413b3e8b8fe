#!/bin/sh
# Writes the environment of docker-compose.yml with passwords of its own, once: an
# existing file is never touched, since the volumes know its passwords.
set -eu
file=${1:-.env}
if [ -e "$file" ]; then
	echo "$file is there already and stays as it is" >&2
	exit 1
fi
word() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
umask 077
cat >"$file.new" <<END
POSTGRES_SUPERUSER_PASSWORD=$(word)
SHUBBAK_DB_PASSWORD=$(word)
REDIS_PASSWORD=$(word)
MINIO_USER=shubbak
MINIO_PASSWORD=$(word)
SHUBBAK_PUBLIC_URL=${SHUBBAK_PUBLIC_URL:-http://127.0.0.1:8081}
END
mv "$file.new" "$file"
echo "wrote $file"
