/* SPDX-License-Identifier: ISC */
#include "common/sharing_scripts.h"

/* clang-format off */
#define DIGITS_OF(number) #number
#define DIGITS(number) DIGITS_OF(number)

/* What a key holds; '' also where that is longer than anything of ours. */
#define HELD "local function held(key, most)\n" \
    "  if redis.call('STRLEN', key) > most then return '' end\n" \
    "  return redis.call('GET', key) or ''\n" \
    "end\n"

#define STREAM HELD "local stream, epoch = KEYS[1], ''\n" \
    "if redis.call('EXISTS', stream) == 1 then\n" \
    "  epoch = held(KEYS[2], " DIGITS(SHARING_EPOCH_OCTETS) ")\n" \
    "end\n"

#define HOLDER "local holder = held(KEYS[3], " DIGITS(SHARING_HOLDER_OCTETS) ")\n"

#define HEAD "local head = ''\n" \
    "if redis.call('EXISTS', KEYS[5]) == 1 then\n" \
    "  head = held(KEYS[4], " DIGITS(SHARING_HEAD_OCTETS) ")\n" \
    "end\n"

/* What stands behind an id. Redis before 6.2 has no open ranges. */
#define BEHIND "local function behind(cursor, most)\n" \
    "  local ms, seq = string.match(cursor, '^(%d+)-(%d+)$')\n" \
    "  if not ms then return {} end\n" \
    "  local from = ms .. '-' .. string.format('%d', tonumber(seq) + 1)\n" \
    "  return redis.call('XRANGE', stream, from, '+', 'COUNT', most)\n" \
    "end\n"

const char sharing_script_look[] =
    STREAM BEHIND
    "local cursor, most, octets, last = ARGV[1], ARGV[2], tonumber(ARGV[3]), '0-0'\n"
    "if epoch ~= '' then\n"
    "  local info = redis.call('XINFO', 'STREAM', stream)\n"
    "  for i = 1, #info, 2 do if info[i] == 'last-generated-id' then last = info[i + 1] end end\n"
    "end\n"
    "for _, i in ipairs({1, 2, 4, 5}) do redis.call('EXPIRE', KEYS[i], ARGV[4]) end\n"
    HEAD HOLDER
    "local answer, size = {'read', epoch, last, head, holder}, 0\n"
    "if epoch == '' then return answer end\n"
    "for _, entry in ipairs(behind(cursor, most)) do\n"
    "  local sealed = entry[2][2]\n"
    "  if #sealed > octets then sealed = '' end\n"
    "  size = size + #sealed\n"
    "  if size > octets then break end\n"
    "  answer[#answer + 1] = entry[1]\n"
    "  answer[#answer + 1] = sealed\n"
    "end\n"
    "return answer\n";

const char sharing_script_tell[] =
    STREAM BEHIND
    "local life, most, octets, oldest = ARGV[4], ARGV[5], tonumber(ARGV[6]), ARGV[7]\n"
    "local going = tonumber(ARGV[8])\n"
    "if epoch ~= ARGV[2] then return {'other'} end\n"
    "if epoch == '' then\n"
    "  redis.call('DEL', stream)\n"
    "  redis.call('SET', KEYS[2], ARGV[3])\n"
    "elseif #behind(ARGV[1], 1) > 0 then\n"
    "  return {'behind'}\n"
    "end\n"
    "for i = 9, 8 + going do redis.call('XDEL', stream, ARGV[i]) end\n"
    "for i = 9 + going, #ARGV do\n"
    "  redis.call('XADD', stream, 'MAXLEN', '~', most, '*', 'e', ARGV[i])\n"
    "end\n"
    "for _, entry in ipairs(redis.call('XRANGE', stream, '-', oldest, 'COUNT', 100)) do\n"
    "  redis.call('XDEL', stream, entry[1])\n"
    "end\n"
    "if tonumber(redis.call('MEMORY', 'USAGE', stream, 'SAMPLES', 5) or 0) > octets then\n"
    "  local fewer = math.floor(redis.call('XLEN', stream) * 0.9)\n"
    "  redis.call('XTRIM', stream, 'MAXLEN', '~', fewer)\n"
    "end\n"
    "redis.call('EXPIRE', stream, life)\n"
    "redis.call('EXPIRE', KEYS[2], life)\n"
    "return {'told'}\n";

const char sharing_script_lease[] =
    STREAM BEHIND HOLDER
    "local what, who, life = ARGV[1], ARGV[2], ARGV[3]\n"
    "if what == 'end' then\n"
    "  if holder == who then redis.call('DEL', KEYS[3]) end\n"
    "  return {'taken'}\n"
    "end\n"
    "if holder ~= '' and holder ~= who then return {'held', holder} end\n"
    "if what == 'keep' and holder == '' then return {'held', ''} end\n"
    HEAD
    "if what == 'take' then\n"
    "  if head ~= ARGV[4] then return {'model'} end\n"
    "  if epoch ~= '' and #behind(ARGV[5], 1) > 0 then return {'behind'} end\n"
    "end\n"
    "redis.call('SET', KEYS[3], who)\n"
    "redis.call('PEXPIRE', KEYS[3], life)\n"
    "return {'taken'}\n";

const char sharing_script_put[] =
    "if ARGV[1] == '0' then redis.call('DEL', KEYS[6]) end\n"
    "redis.call('SETRANGE', KEYS[6], ARGV[1], ARGV[2])\n"
    "redis.call('EXPIRE', KEYS[6], ARGV[3])\n"
    "return {'put'}\n";

const char sharing_script_publish[] =
    HELD HEAD
    "if head ~= ARGV[1] then return {'model'} end\n"
    "if redis.call('STRLEN', KEYS[6]) ~= tonumber(ARGV[3]) then return {'cut'} end\n"
    "redis.call('RENAME', KEYS[6], KEYS[5])\n"
    "redis.call('SET', KEYS[4], ARGV[2])\n"
    "redis.call('EXPIRE', KEYS[4], ARGV[4])\n"
    "redis.call('EXPIRE', KEYS[5], ARGV[4])\n"
    "return {'told'}\n";

const char sharing_script_fetch[] =
    HELD HEAD
    "if head ~= ARGV[1] then return {'model'} end\n"
    "local from, count = tonumber(ARGV[2]), tonumber(ARGV[3])\n"
    "return {'octets', redis.call('GETRANGE', KEYS[5], from, from + count - 1)}\n";
/* clang-format on */
