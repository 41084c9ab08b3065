/* SPDX-License-Identifier: ISC */
#include "common/state_scripts.h"

/* clang-format off */
const char state_script_greylist[] =
    "local now, delay, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])\n"
    "local lifetime, passes, meetings = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])\n"
    "local meant, first, waited, new, beside = tonumber(ARGV[7]), nil, false, {}, nil\n"
    "for i = 1, meetings do\n"
    "  local meeting = redis.call('GET', KEYS[i]) or ''\n"
    "  local began, last, known = string.match(meeting, '^(%d+) (%d+) ([01])$')\n"
    "  began, last, known = tonumber(began), tonumber(last), known == '1'\n"
    "  if began and known and now - last > tonumber(lifetime) then began = nil end\n"
    "  if began and not known and now - began > window then began = nil end\n"
    "  if i > meant then beside = began\n"
    "  elseif began then first, waited = math.min(first or began, began), waited or known\n"
    "  else new[#new + 1] = KEYS[i] end\n"
    "end\n"
    "first = first or now\n"
    "waited = waited or now - first >= delay\n"
    "if waited then\n"
    "  local meeting = string.format('%d %d 1', first, now)\n"
    "  for i = 1, meant do redis.call('SET', KEYS[i], meeting, 'EX', lifetime) end\n"
    "else\n"
    "  local meeting = string.format('%d %d 0', first, now)\n"
    "  local left = math.max(1, first + window - now)\n"
    "  for i = 1, #new do redis.call('SET', new[i], meeting, 'EX', left) end\n"
    "end\n"
    "local by = 0\n"
    "for i = meetings + 1, #KEYS do\n"
    "  if tonumber(redis.call('GET', KEYS[i]) or 0) >= passes then by = by + 2 ^ (i - meetings - 1) end\n"
    "end\n"
    "local both = math.min(first, beside or first)\n"
    "if waited or by > 0 then return {1, first, 0, both, by} end\n"
    "return {0, first, math.min(delay, first + delay - now), both, by}\n";

const char state_script_history[] =
    "local history = redis.call('HMGET', KEYS[1], 'first', 'messages')\n"
    "return {tonumber(history[1] or -1), tonumber(history[2] or 0)}\n";

const char state_script_accepted[] =
    "local now, lifetime, counters, counts = ARGV[1], ARGV[2], tonumber(ARGV[3]), {}\n"
    "for i = 1, #KEYS do\n"
    "  if i <= counters then\n"
    "    counts[i] = redis.call('INCR', KEYS[i])\n"
    "  else\n"
    "    redis.call('HSETNX', KEYS[i], 'first', now)\n"
    "    redis.call('HINCRBY', KEYS[i], 'messages', 1)\n"
    "  end\n"
    "  redis.call('EXPIRE', KEYS[i], lifetime)\n"
    "end\n"
    "return counts\n";

const char state_script_rates[] =
    "local counts = {}\n"
    "for i = 1, #KEYS, 2 do\n"
    "  local lifetime = ARGV[(i + 1) / 2]\n"
    "  if lifetime ~= '0' then\n"
    "    redis.call('INCR', KEYS[i])\n"
    "    redis.call('EXPIRE', KEYS[i], lifetime)\n"
    "  end\n"
    "  counts[i] = tonumber(redis.call('GET', KEYS[i]) or 0)\n"
    "  counts[i + 1] = tonumber(redis.call('GET', KEYS[i + 1]) or 0)\n"
    "end\n"
    "return counts\n";

const char state_script_contact[] =
    "local there = {}\n"
    "for i = 1, #KEYS do there[i] = redis.call('EXISTS', KEYS[i]) end\n"
    "return there\n";

const char state_script_contacts[] =
    "for i = 1, #KEYS do redis.call('SET', KEYS[i], '', 'EX', ARGV[1]) end\n"
    "return #KEYS\n";

/* What both scripts of accounts begin with. */
#define ACCOUNT_HOURS \
    "local key = KEYS[1]\n" \
    "local function get(field) return redis.call('HMGET', key, field)[1] or '' end\n" \
    "local function numbers(field)\n" \
    "  local all = {}\n" \
    "  for number in string.gmatch(get(field), '%d+') do all[#all + 1] = tonumber(number) end\n" \
    "  return all\n" \
    "end\n" \
    "local function set(field, all) redis.call('HSET', key, field, table.concat(all, ' ')) end\n" \
    "local function close(hour)\n" \
    "  local day = math.floor(hour[1] / 24)\n" \
    "  local field = 'd' .. day % 28\n" \
    "  local before = numbers(field)\n" \
    "  local most = before[1] == day and before[2] or 0\n" \
    "  if hour[3] > most then set(field, {day, hour[3]}) end\n" \
    "end\n" \
    "local function add(at, more)\n" \
    "  local field = 'h' .. at % 4\n" \
    "  local hour = numbers(field)\n" \
    "  if #hour == 5 and hour[1] > at then return {at, 0, 0, 0, 0} end\n" \
    "  if #hour == 5 and hour[1] < at then close(hour) end\n" \
    "  if hour[1] ~= at then hour = {at, 0, 0, 0, 0} end\n" \
    "  for i = 2, 5 do hour[i] = math.max(0, hour[i] + tonumber(more[i - 1])) end\n" \
    "  set(field, hour)\n" \
    "  return hour\n" \
    "end\n"

const char state_script_account[] =
    ACCOUNT_HOURS
    "local now, count, most = tonumber(ARGV[1]), tonumber(ARGV[4]), tonumber(ARGV[6])\n"
    "local least, fresh_for = tonumber(ARGV[7]), tonumber(ARGV[10])\n"
    "local at = math.floor(now / 3600)\n"
    "local first = -1\n"
    "if redis.call('HSETNX', key, 'first', ARGV[1]) == 0 then first = tonumber(get('first')) end\n"
    "local asked, met = 0, 0\n"
    "for who in string.gmatch(ARGV[5], '%d+') do\n"
    "  asked = asked + 1\n"
    "  if redis.call('SISMEMBER', KEYS[2], who) + redis.call('SISMEMBER', KEYS[3], who) > 0 then met = met + 1 end\n"
    "end\n"
    "local full = math.max(redis.call('SCARD', KEYS[2]), redis.call('SCARD', KEYS[3])) >= most\n"
    "local new = 0\n"
    "if asked > 0 and not full then new = math.floor((asked - met) * count / asked + 0.5) end\n"
    "local hour = add(at, {count, 0, new, 0})\n"
    "local last = numbers('h' .. (at - 1) % 4)\n"
    "local left = last[1] == at - 1 and 1 - now % 3600 / 3600 or 0\n"
    "local function within(i) return hour[i] + left * (last[i] or 0) end\n"
    "local all = math.floor(within(2) + 0.5)\n"
    "local function share(i)\n"
    "  if all < least then return 0 end\n"
    "  return math.min(100, math.floor(100 * within(i) / all + 0.5))\n"
    "end\n"
    "local usual = 0\n"
    "for i = 0, 27 do\n"
    "  local day = numbers('d' .. i)\n"
    "  if #day == 2 and day[1] > at / 24 - 28 and day[1] < math.floor(at / 24) - 1 then usual = math.max(usual, day[2]) end\n"
    "end\n"
    "for i = 0, 3 do\n"
    "  local one = numbers('h' .. i)\n"
    "  if #one == 5 and one[1] < at - 24 and one[1] > at - 28 * 24 then usual = math.max(usual, one[3]) end\n"
    "end\n"
    "local function is_new(field, name, room)\n"
    "  if name == '' then return -1 end\n"
    "  local places, mine, oldest = {}, nil, nil\n"
    "  for who, since, seen in string.gmatch(get(field), '(%w+) (%d+) (%d+)') do\n"
    "    local place = {who, tonumber(since), tonumber(seen)}\n"
    "    if who == name then mine = place end\n"
    "    places[#places + 1] = place\n"
    "    if not oldest or place[3] < places[oldest][3] then oldest = #places end\n"
    "  end\n"
    "  if not mine or now - mine[3] > 86400 then\n"
    "    if not mine then\n"
    "      mine = {name, now, now}\n"
    "      places[#places < room and #places + 1 or oldest] = mine\n"
    "    end\n"
    "    mine[3] = now\n"
    "    local all = {}\n"
    "    for i = 1, #places do all[i] = table.concat(places[i], ' ') end\n"
    "    set(field, all)\n"
    "  end\n"
    "  local began = first < 0 and now or first\n"
    "  return now - mine[2] < fresh_for and mine[2] - began >= fresh_for and 1 or 0\n"
    "end\n"
    "local network, country = is_new('networks', ARGV[8], 32), is_new('countries', ARGV[9], 16)\n"
    "local same = -1\n"
    "if KEYS[4] then\n"
    "  same = redis.call('HINCRBY', KEYS[4], 'recipients', count)\n"
    "  if same == count then redis.call('EXPIRE', KEYS[4], ARGV[3]) end\n"
    "end\n"
    "redis.call('EXPIRE', key, ARGV[2])\n"
    "return {first, all, usual, share(4), share(5), network, country, same, new}\n";

const char state_script_account_over[] =
    ACCOUNT_HOURS
    "add(math.floor(tonumber(ARGV[1]) / 3600), {ARGV[5], ARGV[6], ARGV[7], ARGV[8]})\n"
    "redis.call('EXPIRE', key, ARGV[2])\n"
    "for who in string.gmatch(ARGV[10], '%d+') do\n"
    "  if redis.call('SCARD', KEYS[2]) >= tonumber(ARGV[4]) then break end\n"
    "  redis.call('SADD', KEYS[2], who)\n"
    "end\n"
    "if ARGV[10] ~= '' then redis.call('EXPIRE', KEYS[2], ARGV[3]) end\n"
    "if KEYS[3] and ARGV[9] ~= '0' and redis.call('EXISTS', KEYS[3]) == 1 then\n"
    "  redis.call('HINCRBY', KEYS[3], 'recipients', ARGV[9])\n"
    "end\n"
    "return 1\n";

const char state_script_once[] =
    "if ARGV[1] == '0' then return {redis.call('DEL', KEYS[1])} end\n"
    "return {redis.call('SET', KEYS[1], '', 'EX', ARGV[1], 'NX') and 1 or 0}\n";

const char state_script_campaign[] =
    "local now, life = tonumber(ARGV[1]), tonumber(ARGV[2])\n"
    "local texts, structures = tonumber(ARGV[3]), tonumber(ARGV[4])\n"
    "local least, some, same = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])\n"
    "local function count(from, to)\n"
    "  local spam, good, spam_at, good_at = {}, {}, {}, {}\n"
    "  for i = from, to do\n"
    "    local set = redis.call('ZRANGE', KEYS[i], 0, -1, 'WITHSCORES')\n"
    "    for j = 1, #set, 2 do\n"
    "      local who, at = set[j], tonumber(set[j + 1])\n"
    "      if at > now - life then\n"
    "        spam[who] = (spam[who] or 0) + 1\n"
    "        if at > (spam_at[who] or 0) then spam_at[who] = at end\n"
    "      elseif at < life - now then\n"
    "        good[who] = (good[who] or 0) + 1\n"
    "        if -at > (good_at[who] or 0) then good_at[who] = -at end\n"
    "      end\n"
    "    end\n"
    "  end\n"
    "  return {{spam, spam_at}, {good, good_at}}\n"
    "end\n"
    "local text, structure = count(1, texts), nil\n"
    "local function when(kind, who)\n"
    "  local n = text[kind][1][who] or 0\n"
    "  if n < some then return 0 end\n"
    "  if n < least then\n"
    "    structure = structure or count(texts + 1, texts + structures)\n"
    "    if (structure[kind][1][who] or 0) < same then return 0 end\n"
    "  end\n"
    "  return text[kind][2][who]\n"
    "end\n"
    "local function last(who)\n"
    "  local spam, good = when(1, who), when(2, who)\n"
    "  return spam > good and spam or -good\n"
    "end\n"
    "local seen = 0\n"
    "for who in pairs(text[1][1]) do if last(who) > 0 then seen = seen + 1 end end\n"
    "for who in pairs(text[2][1]) do if last(who) < 0 then seen = seen - 1 end end\n"
    "local answer = {math.max(0, seen)}\n"
    "for i = 1, #ARGV - 7 do\n"
    "  local key = KEYS[texts + structures + i]\n"
    "  local of_author, of_alike = key and tonumber(redis.call('GET', key) or 0) or 0, last(ARGV[7 + i])\n"
    "  local word = math.abs(of_alike) > math.abs(of_author) and of_alike or of_author\n"
    "  answer[1 + i] = word > 0 and 1 or 0\n"
    "end\n"
    "return answer\n";

const char state_script_opine[] =
    "local at, life, age, digests = tonumber(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[4])\n"
    "local function forget_first(key)\n"
    "  local set, first, since = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES'), nil, math.huge\n"
    "  for j = 1, #set, 2 do\n"
    "    local when = math.abs(tonumber(set[j + 1]))\n"
    "    if set[j] ~= ARGV[6] and when < since then first, since = set[j], when end\n"
    "  end\n"
    "  if first then redis.call('ZREM', key, first) end\n"
    "end\n"
    "local said = redis.call('INCR', KEYS[digests + 1])\n"
    "if said == 1 then redis.call('EXPIRE', KEYS[digests + 1], 86400) end\n"
    "if said > tonumber(ARGV[7]) then return 0 end\n"
    "for i = 1, digests do\n"
    "  redis.call('ZADD', KEYS[i], at, ARGV[6])\n"
    "  if redis.call('ZCARD', KEYS[i]) > tonumber(ARGV[5]) then forget_first(KEYS[i]) end\n"
    "  redis.call('EXPIRE', KEYS[i], life)\n"
    "end\n"
    "if KEYS[digests + 2] then redis.call('SET', KEYS[digests + 2], ARGV[1], 'EX', age) end\n"
    "return 1\n";

const char state_script_retry[] =
    "local function at(key) return redis.call('GET', key) or '' end\n"
    "return {redis.call('EXISTS', KEYS[1]), at(KEYS[2]), at(KEYS[3]), at(KEYS[4])}\n";

const char state_script_retries[] =
    "for i = 1, #KEYS do\n"
    "  redis.call('SET', KEYS[i], i > 1 and ARGV[2] or '', 'EX', ARGV[1])\n"
    "end\n"
    "return 1\n";

const char state_script_dmarc[] =
    "local lifetime, most, field, policy = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]\n"
    "if redis.call('HEXISTS', KEYS[1], field) == 0 and redis.call('HLEN', KEYS[1]) >= most then\n"
    "  field = 'other'\n"
    "end\n"
    "redis.call('HINCRBY', KEYS[1], field, ARGV[5])\n"
    "redis.call('HSET', KEYS[1], 'policy', policy)\n"
    "redis.call('EXPIRE', KEYS[1], lifetime)\n"
    "return 1\n";

const char state_script_login[] =
    "local counts, since = {}, tonumber(redis.call('TIME')[1]) - tonumber(ARGV[2])\n"
    "for i = 1, #KEYS / 2 do\n"
    "  local failed = redis.call('ZCOUNT', KEYS[2 * i - 1], '(' .. since, '+inf')\n"
    "  local busy = tonumber(redis.call('INCR', KEYS[2 * i])) - 1\n"
    "  redis.call('EXPIRE', KEYS[2 * i], ARGV[1])\n"
    "  local counts_all = failed > 0 or busy > tonumber(ARGV[2 + i])\n"
    "  counts[i] = counts_all and failed + busy or 0\n"
    "end\n"
    "return counts\n";

const char state_script_login_over[] =
    "local what, mark, lifetime, memory, most = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])\n"
    "local counters, tried = (#KEYS - 1) / 2, KEYS[#KEYS]\n"
    "for i = 1, counters do\n"
    "  if tonumber(redis.call('GET', KEYS[2 * i]) or 0) > 0 then redis.call('DECR', KEYS[2 * i]) end\n"
    "end\n"
    "if what == 'succeeded' then redis.call('DEL', KEYS[1]) end\n"
    "if what ~= 'failed' then return {1} end\n"
    "if mark ~= '' then\n"
    "  if redis.call('SISMEMBER', tried, mark) == 1 then return {1} end\n"
    "  if redis.call('SCARD', tried) < most then\n"
    "    redis.set_repl(redis.REPL_NONE)\n"
    "    redis.call('SADD', tried, mark)\n"
    "    redis.call('EXPIRE', tried, memory)\n"
    "    redis.set_repl(redis.REPL_ALL)\n"
    "  end\n"
    "end\n"
    "local now = redis.call('TIME')\n"
    "for i = 1, counters do\n"
    "  local key = KEYS[2 * i - 1]\n"
    "  redis.call('ZREMRANGEBYSCORE', key, '-inf', tonumber(now[1]) - tonumber(lifetime))\n"
    "  if redis.call('ZCARD', key) >= tonumber(ARGV[6]) then redis.call('ZPOPMIN', key) end\n"
    "  redis.call('ZADD', key, now[1], now[1] .. '.' .. now[2])\n"
    "  redis.call('EXPIRE', key, lifetime)\n"
    "end\n"
    "return {1}\n";
/* clang-format on */

const char *const state_script_texts[STATE_SCRIPT_COUNT] = {
#define STATE_SCRIPT_TEXT(name) state_script_##name,
    STATE_SCRIPTS(STATE_SCRIPT_TEXT)
#undef STATE_SCRIPT_TEXT
};
