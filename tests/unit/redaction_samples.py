"""What programs print at their end: secrets of known forms, and ordinary lines without any.

The secrets are invented, and put together here so that no scanner takes this file for a leak.
"""

import base64
import json
import textwrap

B64 = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzk39QvE1Lp"
B62 = "h7Kq2ZpX9mVb4TtR6yLwC8nJf3GsD5xA1oQeUu0B"
HEX32 = "9f86d081884c7d659a2feaa0c55ad015"
HEX40 = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
PEM_BODY = "\n".join(textwrap.wrap((B62 + "/" + B64 + "+") * 6, 64))


def pem(kind: str) -> str:
    return f"-----BEGIN {kind}PRIVATE KEY-----\n{PEM_BODY}\n-----END {kind}PRIVATE KEY-----"


DOCKER_AUTH = base64.b64encode(b"deployer:Tr0ub4dor&3").decode()
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjaGVja291dCJ9.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

SECRETS: dict[str, tuple[str, tuple[str, ...]]] = {
    # name: (text, the parts that must be gone)
    "AWS access key id": ("using AKIA" + "IOSFODNN7EXAMPLE", ("IOSFODNN7",)),
    "AWS secret in the environment": (f"AWS_SECRET_ACCESS_KEY={B64}", (B64, B64[:12])),
    "AWS secret in JSON": (f'{{"SecretAccessKey": "{B64}"}}', (B64,)),
    "AWS session token": (f"aws_session_token = {B64}{B62}", (B62,)),
    "AWS secret without a name": (f"credentials are {B64} now", (B64,)),
    "AWS signature": (f"GET /b?X-Amz-Signature={HEX32}{HEX32}&X-Amz-Date=1", (HEX32,)),
    "GCP service account": (
        json.dumps({"type": "service_account", "private_key": pem(""), "client_email": "a@b.example"}),
        (PEM_BODY[:30], PEM_BODY[-30:]),
    ),
    "GCP API key": ("key AIza" + B62[:35], (B62[:20],)),
    "GCP access token": ("got ya29." + B62, (B62[:20],)),
    "Google client secret": ("GOCSPX-" + B62[:28], (B62[:20],)),
    "Azure storage": (
        f"DefaultEndpointsProtocol=https;AccountName=shop;AccountKey={B64}==;EndpointSuffix=core.windows.net",
        (B64,),
    ),
    "Azure service bus": (f"Endpoint=sb://a.example/;SharedAccessKeyName=r;SharedAccessKey={B64}=", (B64,)),
    "Azure signature": (f"https://a.example/c?sv=2022&sig={B64[:20]}%3D&se=2026", (B64[:20],)),
    "Azure client secret": ("abc8Q~" + B62[:34], (B62[:20],)),
    "Slack bot": ("xoxb-" + "123456789012-123456789012-" + B62[:24], (B62[:24],)),
    "Slack app": ("xapp-" + "1-A012-3456-" + HEX32, (HEX32,)),
    "Slack webhook": ("POST https://hooks.slack.com/services/" + "T0123/B0456/" + B62[:24], (B62[:24],)),
    "Discord webhook": ("https://discord.com/api/webhooks/" + "123456789012345678/" + B62, (B62,)),
    "Telegram bot": ("bot 123456789:" + "AA" + B62[:33], (B62[:33],)),
    "Stripe": ("sk_" + "live_" + B62[:24], (B62[:24],)),
    "Stripe restricted": ("rk_" + "test_" + B62[:24], (B62[:24],)),
    "Stripe webhook": ("whsec_" + B62[:32], (B62[:32],)),
    "Twilio key": ("SK" + HEX32, (HEX32,)),
    "Twilio token": (f"TWILIO_AUTH_TOKEN={HEX32}", (HEX32,)),
    "SendGrid": ("SG." + B62[:22] + "." + B62[:40] + "abc", (B62[:22],)),
    "Mailgun": ("key-" + HEX32, (HEX32,)),
    "Mailchimp": (HEX32 + "-us12", (HEX32,)),
    "npm": ("npm_" + B62[:36], (B62[:36],)),
    "npmrc": (f"//registry.example/:_authToken={HEX32}", (HEX32,)),
    "npmrc, old": (f"_auth={DOCKER_AUTH}", (DOCKER_AUTH,)),
    "PyPI": ("pypi-" + "AgEIcHlwaS5vcmc" + B62, (B62,)),
    "GitLab": ("glpat-" + B62[:20], (B62[:20],)),
    "GitHub": ("ghp_" + B62[:36], (B62[:36],)),
    "GitHub, fine-grained": ("github_pat_" + B62[:22] + "_" + B62, (B62[:22],)),
    "Docker Hub": ("dckr_pat_" + B62[:27], (B62[:27],)),
    "Docker's config": (f'{{"auths":{{"r.example":{{"auth":"{DOCKER_AUTH}"}}}}}}', (DOCKER_AUTH,)),
    "Docker's config, written out": (f'{{\n  "auth": "{DOCKER_AUTH}"\n}}', (DOCKER_AUTH,)),
    "kubeconfig token": (f"    token: {B62[:16]}", (B62[:16],)),
    "kubeconfig key": (f"    client-key-data: {base64.b64encode(pem('').encode()).decode()}", ("LS0tLS1CRUdJTi",)),
    "web token": (f"rejected {JWT}", ("eyJzdWIi", "dBjftJ")),
    "OpenAI": ("sk-" + "proj-" + B62, (B62,)),
    "Vault": ("hvs." + B62[:24], (B62[:24],)),
    "DigitalOcean": ("dop_v1_" + HEX32 + HEX32, (HEX32,)),
    "RSA key": (pem("RSA "), (PEM_BODY[:30], PEM_BODY[-30:])),
    "EC key": (pem("EC "), (PEM_BODY[:30],)),
    "OpenSSH key on one line": (pem("OPENSSH ").replace("\n", "\\n"), (PEM_BODY[:30],)),
    "key without its end": (pem("")[:200], (PEM_BODY[:30],)),
    "key without its beginning": (pem("").split("\n", 3)[3], (PEM_BODY[200:230],)),
    "only the middle of a key": ("\n".join(PEM_BODY.splitlines()[1:4]), (PEM_BODY[70:100], PEM_BODY[140:170])),
    "key with a time before each line": (
        "\n".join(f"2026-03-04T11:42:00Z {line}" for line in pem("").splitlines()),
        (PEM_BODY[70:100],),
    ),
    "PGP key": ("-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQdGBF\n-----END PGP PRIVATE KEY BLOCK-----", ("lQdGBF",)),
    "postgres address": ("cannot connect to postgres://shop:hunter2@db:5432/shop", ("hunter2",)),
    "address without a user": ("redis://:hunter2@cache:6379/0", ("hunter2",)),
    "address with a slash in the password": ("amqp://shop:hun/ter2@mq:5672/", ("ter2",)),
    "address with an at sign in it": ("mongodb+srv://shop:p@ss2@db.example/x?w=1", ("ss2",)),
    "JDBC": ("jdbc:postgresql://db:5432/shop?user=shop&password=hunter2&ssl=true", ("hunter2",)),
    "Go's MySQL name": ("dial shop:hunter2@tcp(db:3306)/shop", ("hunter2",)),
    "libpq's name": ("host=db user=shop password=hunter2 sslmode=disable", ("hunter2",)),
    "SQL Server": ("Server=db;User Id=sa;Pwd=Hunter2!,;Encrypt=yes", ("Hunter2",)),
    "PWD": ("Driver=x;UID=sa;PWD=hunter2;", ("hunter2",)),
    "Sentry": ("SENTRY_DSN=https://" + HEX32 + "@o1.ingest.example/42", (HEX32,)),
    "dsn": ("dsn=shop/hunter2@db", ("hunter2",)),
    "connection string": ('"ConnectionString": "Server=db;Password=hunter2"', ("hunter2",)),
    "environment": ("DB_PASSWORD=hunter2", ("hunter2",)),
    "environment with odd signs": ("DB_PASSWORD=hun,ter)2", ("hun", "ter")),
    "environment, short": ("SMTP_PASS=hunter2\nREDIS_PASS: hunter2", ("hunter2",)),
    "JSON": ('{"level":"fatal","password": "hun\\"ter2","port":1}', ("hun", "ter2")),
    "JSON in JSON": (r'{"msg":"{\"password\":\"hunter2\",\"a\":1}"}', ("hunter2",)),
    "YAML": ("db:\n  password: hunter2\n  host: db", ("hunter2",)),
    "YAML with quotes": ("  password: 'hunter 2'", ("hunter", " 2")),
    "YAML block": ("password: |\n  hunter2\nhost: db", ("hunter2",)),
    "Python": ("{'db_password': 'hunter2', 'host': 'db'}", ("hunter2",)),
    "Ruby": ('{"password"=>"hunter2", :x=>1}', ("hunter2",)),
    "Go": ("{Host:db Port:5432 Password:hunter2 SSL:false}", ("hunter2",)),
    "Java": ("DataSource(url=jdbc:x, user=shop, password=hunter2, pool=5)", ("hunter2",)),
    "Spring": ("spring.datasource.password=hunter2", ("hunter2",)),
    "camel case": ("clientSecret: hunter2 apiKey=hunter2 dbPassword=hunter2", ("hunter2",)),
    "XML": ("<db:password>hunter2</db:password>", ("hunter2",)),
    "sentence": ('login with password "hunter2" failed', ("hunter2",)),
    "flag": ("exec: psql-init --db-password hunter2 --port 5", ("hunter2",)),
    "flag with a sign": ("./app --token=hunter2 --port=1", ("hunter2",)),
    "mysql's flag": ("mysqldump -h db -u shop -phunter2 shop", ("hunter2",)),
    "curl's flag": ("curl -s -u shop:hunter2 https://a.example", ("hunter2",)),
    "credentials": ("credentials=hunter2", ("hunter2",)),
    "passphrase": ("KEY_PASSPHRASE: hunter2", ("hunter2",)),
    "header": ("Authorization: Bearer hunter2hunter2", ("hunter2",)),
    "header in JSON": ('"authorization":"Basic ' + DOCKER_AUTH + '"', (DOCKER_AUTH,)),
    "header of AWS": (
        f"Authorization: AWS4-HMAC-SHA256 Credential=AKIA{'IOSFODNN7EXAMPLE'}/x, Signature={HEX32}{HEX32}",
        ("IOSFODNN7", HEX32),
    ),
    "header with a key": ("X-Api-Key: hunter2", ("hunter2",)),
    "cookie set": ("Set-Cookie: session=hunter2; Path=/; HttpOnly", ("hunter2",)),
    "cookie sent": ("> Cookie: a=hunter1; b=hunter2", ("hunter1", "hunter2")),
    "a pod's environment in JSON": ('[{"name":"DB_PASSWORD","value":"hun,ter2"},{"name":"A"}]', ("hun", "ter2")),
    "a pod's environment in JSON, with spaces": ('{ "name": "DB_PASSWORD",\n  "value": "hunter 2" }', ("hunter", " 2")),
    "a pod's environment in JSON in JSON": (r"{\"name\":\"API_TOKEN\",\"value\":\"hunter2\"}", ("hunter2",)),
    "a pod's environment, value first": ('{"value":"hunter2","name":"DB_PASSWORD"}', ("hunter2",)),
    "a pod's environment in YAML": ("env:\n- name: DB_PASSWORD\n  value: hunter 2\n- name: A", ("hunter", " 2")),
    "a pod's environment in YAML, with quotes": ('  - name: "SMTP_PWD"\n    value: "hunter2"', ("hunter2",)),
    "a pod's environment in a YAML block": ("- name: TOKEN_2\n  value: |\n    hunter2\n", ("hunter2",)),
    "a pod's environment on one line": (r"- name: DB_PASSWORD\n  value: hunter2", ("hunter2",)),
    "a pod's environment in Go": ("EnvVar{Name:DB_PASSWORD,Value:hunter2,ValueFrom:nil,}", ("hunter2",)),
    "a pod's environment in Go, short": ("[{DB_HOST db} map[name:DB_PASS value:hunter2]]", ("hunter2",)),
    "a pod's environment in Python": ("{'name': 'DB_PASSWORD', 'value': 'hunter2'}", ("hunter2",)),
    "arguments in JSON": ('{"args":["serve","--db-password","hunter2","-v"]}', ("hunter2",)),
    "arguments in YAML": ("args:\n  - --db-password\n  - hunter2\n  - -v", ("hunter2",)),
    "a tuple": ("[('user', 'shop'), ('password', 'hunter2')]", ("hunter2",)),
    "a list of two": ('["db_password","hunter2"]', ("hunter2",)),
    "a list of secrets": ("passwords: [hunter1, hunter2]", ("hunter1", "hunter2")),
    "a list of secrets in JSON": ('"passwords": [\n  "hunter1",\n  "hunter2"\n]', ("hunter1", "hunter2")),
    "a list of secrets that is cut off": ("passwords: [hunter1, hunter2", ("hunter1", "hunter2")),
    "a value on the next line": ('{"password":\n  "hunter2"}', ("hunter2",)),
    "a form": ("user[name]=a&user[password]=hunter2", ("hunter2",)),
    "PHP": ("    [password] => hunter2", ("hunter2",)),
    "pwd with a colon": ("user:shop pwd:hunter2", ("hunter2",)),
    "an arrow": ("password -> hunter2", ("hunter2",)),
    "a sentence without quotes": ("the password is hunter2.", ("hunter2",)),
    "a sentence with a token": (f"invalid token {HEX32} for user", (HEX32,)),
    "a sign that parts": ("DB_PASSWORD=hunter1&ter2\nDB_PASSWORD=hunter3;ter4", ("hunter", "ter2", "ter4")),
    "an address that was encoded": ("GET /login%3Fpassword%3Dhunter2%26x%3D1", ("hunter2",)),
    "Oracle": ("jdbc:oracle:thin:scott/hunter2@db:1521/shop", ("hunter2",)),
    "no name, base64": (f"loaded {B64}", (B64,)),
    "no name, base64 for addresses": ("loaded Zk3-q9_XcV7bN1mL-pO8iU_yT5rE2wQ", ("Zk3-q9", "yT5rE2")),
    "no name, letters and digits": (f"loaded {B62[:22]}", (B62[:22],)),
    "no name, hexadecimal": (f"loaded {HEX32}{HEX32}", (HEX32,)),
    "no name, base32": ("loaded JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", ("JBSWY3DP",)),
}

ORDINARY = r"""
panic: runtime error: invalid memory address or nil pointer dereference [recovered]
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x6f8a3c]
goroutine 1 [running]:
github.com/acme/checkout/internal/db.(*ConnectionPool).ConnectWithRetry(0xc0000b4000, {0x8a3b20, 0xc00001e0c0})
	/go/src/github.com/acme/checkout/internal/db/pool_test2.go:42 +0x1d4
	/root/go/pkg/mod/github.com/jackc/pgx/v5@v5.5.1-0.20231217123456-0d4f2aa9c1b3/pgxpool/pool.go:204 +0x5a
created by net/http.(*Server).Serve in goroutine 1
2026/03/04 11:42:00 http: TLS handshake error from 10.244.1.17:52344: remote error: tls: bad certificate
2026-03-04T11:42:00.123456789Z ERR failed to fetch config error="Get \"http://config.payments-staging.svc.cluster.local:8080/v1/config\": dial tcp 10.96.0.10:8080: connect: connection refused"
{"level":"fatal","ts":1772624520.1234567,"caller":"cmd/main.go:87","msg":"cannot reach database","addr":"db:5432","attempt":10}
{"level":"info","traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7","msg":"starting"}
time="2026-03-04T11:42:00Z" level=fatal msg="unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined"
build info: version=v2.14.3-rc1+dirty commit=0d4f2aa9c1b3e5f7a9b1c3d5e7f9a1b3c5d7e9f1 go=go1.22.1
Exception in thread "main" java.lang.IllegalStateException: Failed to load ApplicationContext
	at org.springframework.beans.factory.support.AbstractAutowireCapableBeanFactory.autowireCandidateResolver(AbstractAutowireCapableBeanFactory.java:1786)
	at com.acme.checkout.OrderService$$EnhancerBySpringCGLIB$$3f2a1b4c.findById(<generated>)
	at com.acme.checkout.Main$$Lambda$1432/0x0000000800c8d840.run(Unknown Source)
	at jdk.internal.reflect.GeneratedConstructorAccessor42.newInstance(Unknown Source)
	at java.base/java.util.concurrent.ThreadPoolExecutor$Worker.run(ThreadPoolExecutor.java:635) ~[na:17.0.9+9-Debian-1deb12u1]
	at org.hibernate.engine.jdbc.env.internal.JdbcEnvironmentInitiator$ConnectionProviderJdbcConnectionAccess.obtainConnection(JdbcEnvironmentInitiator.java:284)
Caused by: org.postgresql.util.PSQLException: FATAL: password authentication failed for user "checkout"
... 42 common frames omitted
2026-03-04 11:42:00.123  WARN 1 --- [           main] ConfigServletWebServerApplicationContext : Exception encountered during context initialization
Description: Parameter 0 of constructor in com.acme.checkout.PaymentController required a bean of type 'com.acme.checkout.StripePaymentGatewayV2' that could not be found.
HikariPool-1 - Connection is not available, request timed out after 30000ms (total=0, active=0, idle=0, waiting=0)
java.lang.UnsupportedClassVersionError: com/acme/checkout/Application has been compiled by a more recent version of the Java Runtime (class file version 65.0)
java.lang.OutOfMemoryError: Java heap space
Terminating due to java.lang.OutOfMemoryError: Java heap space
Traceback (most recent call last):
  File "/usr/local/lib/python3.11/site-packages/sqlalchemy/engine/base.py", line 1969, in _exec_single_context
  File "/app/.venv/lib/python3.11/site-packages/uvicorn/protocols/http/httptools_impl.py", line 411, in run_asgi
    self.dialect.do_execute(cursor, str_statement, effective_parameters, context)
sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) connection to server at "db" (10.96.14.3), port 5432 failed: Connection refused
(Background on this error at: https://sqlalche.me/e/20/e3q8)
ModuleNotFoundError: No module named 'checkout.settings_production2'
pydantic_core._pydantic_core.ValidationError: 1 validation error for ApplicationSettings
    For further information visit https://errors.pydantic.dev/2.6/v/missing
<checkout.models.OrderLineItemCollection object at 0x7f8b1c2d3e4f>
[2026-03-04 11:42:00 +0000] [7] [ERROR] Worker (pid:8) was sent SIGKILL! Perhaps out of memory?
django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be empty.
KeyError: 'DATABASE_PASSWORD'
node:internal/modules/cjs/loader:1148
Error: Cannot find module '/app/node_modules/.pnpm/@nestjs+platform-express@10.3.3_@nestjs+common@10.3.3/node_modules/express/lib/router'
    at Module._resolveFilename (node:internal/modules/cjs/loader:1145:15)
    at async Promise.all (index 0) { code: 'MODULE_NOT_FOUND', requireStack: [ '/app/dist/main.js' ] }
    at Object.<anonymous> (/app/.next/static/chunks/pages/_app-3f2a1b4c9d8e7f6a.js:1:18234)
    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1555:16) { errno: -111, code: 'ECONNREFUSED', syscall: 'connect' }
SyntaxError: Unexpected token } in JSON at position 512
SyntaxError: Unexpected token: '<' at line 1
UnhandledPromiseRejectionWarning: MongoServerSelectionError: getaddrinfo ENOTFOUND mongo-0.mongo.payments-staging.svc.cluster.local
MongoError: E11000 duplicate key error collection: shop.orders index: _id_ dup key: { _id: ObjectId('5f8d0d55b54764421b7156c3') }
FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory
 1: 0xb7a940 node::Abort() [node]
 9: 0x1a2b3c4 _ZN2v88internal25FatalProcessOutOfMemoryERKNS0_7IsolateEPKcb [node]
npm ERR! code EINTEGRITY sha512-Qf4oMxH7aC1dN3bZ9kLpV5tR8wYxJ2gE6uS0iTcQmPaBvDnFhKyLzXrWqUeOjG4M7== integrity checksum failed
nginx: [emerg] host not found in upstream "checkout-api.payments-staging.svc" in /etc/nginx/conf.d/default.conf:12
nginx: [emerg] cannot load certificate key "/etc/nginx/ssl/tls.key": PEM_read_bio_PrivateKey() failed (SSL: error:0480006C:PEM routines::no start line:Expecting: ANY PRIVATE KEY)
2026/03/04 11:42:00 [error] 7#7: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 10.244.0.1, server: _, request: "GET /healthz HTTP/1.1", upstream: "http://10.96.3.4:8080/healthz"
10.244.0.1 - - [04/Mar/2026:11:42:00 +0000] "GET /api/v1/orders/3fa85f64-5717-4562-b3fc-2c963f66afa6?expand=items&page=2 HTTP/1.1" 502 157 "-" "kube-probe/1.36"
2026-03-04 11:42:00.123 UTC [1] FATAL:  data directory "/var/lib/postgresql/data/pgdata" has invalid permissions
2026-03-04 11:42:00.123 UTC [27] LOG:  redo starts at 0/16B3F40
PostgreSQL 15.4 (Debian 15.4-1.pgdg120+1) on x86_64-pc-linux-gnu, compiled by gcc (Debian 12.2.0-14) 12.2.0, 64-bit
Error: Database is uninitialized and superuser password is not specified.
       You must specify POSTGRES_PASSWORD to a non-empty value for the superuser.
ERROR 1045 (28000): Access denied for user 'checkout'@'10.244.0.9' (using password: YES)
/docker-entrypoint.sh: /docker-entrypoint.d/ is not empty, will attempt to perform configuration
exec /usr/local/bin/docker-entrypoint-checkout.sh: exec format error
Failed to pull image "registry.example/payments/checkout:0d4f2aa9c1b3e5f7a9b1c3d5e7f9a1b3c5d7e9f1@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08": not found
failed to create containerd task: container 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 is gone
pods "checkout-7d9f8b6c5d-x2x9q" is forbidden: exceeded quota: q, requested: limits.memory=2Gi, used: limits.memory=8Gi
MountVolume.SetUp failed for volume "kube-api-access-x7k2p" : secret "checkout-database-credentials" not found
couldn't find key DATABASE_URL in Secret payments-staging/checkout-env
Liveness probe failed: Get "http://10.244.1.17:8080/healthz": context deadline exceeded (Client.Timeout exceeded while awaiting headers)
pvc-3fa85f64-5717-4562-b3fc-2c963f66afa6 attach failed; request id 01HQ7Z8KXM3VFB2TN9RJD5WCEG
HOSTNAME=checkout-7d9f8b6c5d-x2x9q PWD=/usr/src/app HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin
ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in certificate chain (_ssl.c:1006)
TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 is not allowed; DEPTH_ZERO_SELF_SIGNED_CERT, ERR_SSL_TLSV1_ALERT_UNKNOWN_CA
basic configuration of the bearer authentication filter is missing; max_tokens=4096 and tokens: 17
go: verifying github.com/acme/kit@v1.2.3: checksum mismatch, go.sum: h1:3WqVk7bJp0Y2mXhQz8cF5tRnLs4aGdKe9vUoPi1BxTM=
collation utf8mb4_unicode_520_ci, model StripePaymentIntentV2RequestBuilder, class com.acme.Base64UrlEncoderFactoryV3Impl
thread 'main' panicked at src/main.rs:14:10: called `Result::unwrap()` on an `Err` value: PoolTimedOut
   4: checkout::db::connect::h0d4f2aa9c1b3e5f7 at ./src/db/connection_pool_manager.rs:88:9
Segmentation fault (core dumped) /lib/x86_64-linux-gnu/libc.so.6(__libc_start_main+0xf3) [0x7f2d3b8a00b3]
{"name":"DB_PASSWORD","valueFrom":{"secretKeyRef":{"name":"checkout-db","key":"password"}}},{"name":"LOG_LEVEL","value":"debug"}
- name: DB_PASSWORD
  valueFrom: {secretKeyRef: {name: checkout-db, key: password}}
- name: max_tokens
  value: "4096"
volumes: [{"name":"db-password","secret":{"secretName":"checkout-db","defaultMode":420}}]
"imagePullSecrets":[{"name":"registry-pull"}], "args":["--use-service-account-credentials","--leader-elect"]
admission webhook "validate.kyverno.svc-fail" denied the request: resource Deployment/team-a/web was blocked: disallow-latest-tag: rule failed at path /spec/template/spec/containers/0/image/
admission webhook "gatekeeper" denied the request: [no-secrets-in-env] container <web> has a secret in env <DB_PASSWORD>
Deployment.apps "token-svc" is invalid: spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string{"app":"x"}}: field is immutable
`/rollback staging` of intent 4711 to ghcr.io/acme/web:v1.2@sha256:0f4d2aa9c1b3e5f7a9b1c3d5e7f9a1b3c5d7e9f10d4f2aa9c1b3e5f7a9b1c3d5
required: ["username", "password", "email"]; fields=('id', 'password', 'name')
{"passwords": [], "secrets": {}, "tokens": [17, 18]}
the password is invalid, the password is too short; the password was changed in 2026; password is required
the token is expired; token 3 of 17; secret checkout-db not found; next token -> IDENT
pwd:/usr/src/app and pwd: /usr/src/app; sqlplus /nolog; jdbc:oracle:thin:@//db:1521/shop
20260304T114200.123456Z finished migration 20260301_094512_add_order_line_items_index in 20260304114200123
""".strip("\n").split("\n")
