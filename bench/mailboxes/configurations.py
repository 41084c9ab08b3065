# SPDX-License-Identifier: ISC
"""Configurations of what may stand in front of a server of mailboxes. Words in braces are filled in by programs.py."""

GATEPOST = """
limits {{ sessions 40000 }}
listen {front} on "127.0.0.1:{port}" {{ backend mailboxes  {options} }}
backend mailboxes {{ {behind} }}
"""
NGINX = """
load_module /usr/lib/nginx/modules/ngx_mail_module.so;
user root; worker_processes 2; worker_rlimit_nofile 20000; daemon off; pid {folder}/pid; error_log {folder}/error warn;
events {{ worker_connections 9000; }}
http {{
  access_log off;
  server {{
    listen 127.0.0.1:{side_port};
    location / {{ add_header Auth-Status OK; add_header Auth-Server 127.0.0.1; add_header Auth-Port {sink}; return 204; }}
  }}
}}
mail {{
  auth_http 127.0.0.1:{side_port}/; {protocol}_auth plain; timeout 1h; proxy_buffer 16k;
  ssl_certificate {chain}; ssl_certificate_key {key};
  server {{ listen 127.0.0.1:{port} {ssl} backlog=4096; protocol {protocol}; }}
}}
"""
HAPROXY = """
global
    nbthread 2
    maxconn 9000
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
listen mailboxes
    bind 127.0.0.1:{port} {bind}
    server sink 127.0.0.1:{sink} {server}
"""
DOVECOT = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = {protocol}
listen = 127.0.0.1
ssl = yes
ssl_cert = <{chain}
ssl_key = <{key}
disable_plaintext_auth = no
login_trusted_networks = 127.0.0.0/8
mail_max_userip_connections = 0
default_client_limit = 20000
service {protocol}-login {{
  inet_listener {protocol} {{
    port = {plain_port}
  }}
  inet_listener {protocol}s {{
    port = {tls_port}
    ssl = yes
  }}
  service_count = 0
  process_min_avail = 2
  process_limit = 2
  client_limit = 9000
  vsz_limit = 0
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
passdb {{
  driver = static
  args = nopassword=y proxy=y host=127.0.0.1 port={sink} proxy_timeout=30 {ssl}
}}
userdb {{
  driver = static
  args = uid=65534 gid=65534 home=/nonexistent
}}
"""
PERDITION = "perdition --no_daemon -q -F - -f /dev/null --pid_file {folder}/pid -u nobody -g nogroup --connection_limit 0 " \
    "--timeout 3600 -n -b 127.0.0.1 -l {port} -s 127.0.0.1 -p {sink} --protocol {spoken} --ssl_mode {mode} " \
    "--ssl_cert_file {chain} --ssl_key_file {key} --ssl_no_cert_verify --ssl_no_client_cert_verify --ssl_no_cn_verify"
