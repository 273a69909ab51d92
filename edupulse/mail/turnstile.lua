-- The turnstile of one sending account: what may go now, what went, what is on its way.
--
-- KEYS[1]: the account's key; its other keys begin with it. Takes one argument, JSON:
--   op: ask | spend | finish | settle | rebuild | state
--   boot, ticks: the caller's machine, and the seconds since it started; wall: seconds, where not Redis's own count
--   windows: {seconds, limit} of the caller, the shortest first
--   ask: holder, wanted, bulk, batch_size, batch_delay; spend, finish: holder, count; settle: holders
--   rebuild: spent {age, count} the oldest first, held {holder, count}
-- Returns numbers as text. ask: {count, wait, binding, silent holders...}, where binding is the place of a window,
--   'batch_delay', 'urgent' or '', and the silent ones are those that a full window may wait for in vain;
--   state: {in_air, next batch in, used of each window..., frees in of each window...}; else {}.
--   'rebuild' instead: what went within these windows is not known here, the caller must bring it from the ledger.
--
-- What went is kept per window, as a sorted set of instants with the count of all mails up to each: how many went since
-- an instant is one look-up. All instants are on a line of time that no clock that is set moves (see `instant`).

local order = cjson.decode(ARGV[1])

-- Nothing to count and nothing to wait for: that Redis answers is all that was asked.
if order.op == 'ask' and #order.windows == 0 and (order.batch_delay == 0 or not order.bulk) then
  return {tostring(order.bulk and math.min(order.wanted, order.batch_size) or order.wanted), '0', ''}
end

local state_key, air_key, seen_key = KEYS[1], KEYS[1] .. ':air', KEYS[1] .. ':seen'
local presumed_key, urgent_key = KEYS[1] .. ':presumed', KEYS[1] .. ':urgent'

local STEP = 0.25 -- seconds by which two clocks may disagree before one of them was set
local DETAIL = 200 -- mails that went within this fraction of a window count as gone with the last of them
local PART = 10 -- a batch is not cut into crumbs: it waits until so large a part of a short window is free
local SHORT = 60 -- seconds; in a longer window what is left is worth taking
local POLL = 1 -- seconds: when nobody can say how long mails on their way will take
local GRACE = 10 -- seconds that a mail which goes first has to come back after its wait
local SILENT = 60 -- seconds after which it is worth a look whether a holder is still at work

local known = redis.call(
  'HMGET', state_key, 'line', 'skew', 'boot:' .. order.boot, 'total', 'in_air', 'next', 'covered'
)
local last_line, skew, offset = tonumber(known[1] or 0), tonumber(known[2] or 0), tonumber(known[3] or nil)
local total, in_air, next_batch = tonumber(known[4] or 0), tonumber(known[5] or 0), tonumber(known[6] or 0)
local covered = {}
for seconds in string.gmatch(known[7] or '', '[^,]+') do covered[#covered + 1] = tonumber(seconds) end

local function exact(number) return string.format('%.17g', number) end

local function window_key(seconds) return KEYS[1] .. ':' .. string.format('%g', seconds) end

-- Redis's clock, unless the caller's machine, whose ticks nobody sets, says that it was set meanwhile.
-- It never goes back. A caller that took long to get here only makes it late, which lets less go.
local function instant()
  local wall = order.wall
  if not wall then
    local time = redis.call('TIME')
    wall = tonumber(time[1]) + tonumber(time[2]) / 1000000
  end
  local line, was_set = wall + skew, false
  if offset and math.abs(order.ticks + offset - line) > STEP then
    line, was_set = order.ticks + offset, true
  end
  line = math.max(line, last_line)
  skew = line - wall
  if not was_set then offset = line - order.ticks end
  return line
end

local now = instant()

local function keep()
  redis.call(
    'HSET', state_key, 'line', exact(now), 'skew', exact(skew), 'boot:' .. order.boot, exact(offset),
    'total', exact(total), 'in_air', exact(in_air), 'next', exact(next_batch)
  )
end

-- How many went within the last `seconds`; one that went exactly so long ago still counts.
local function used(seconds)
  local before = redis.call(
    'ZREVRANGEBYSCORE', window_key(seconds), '(' .. exact(now - seconds), '-inf', 'LIMIT', 0, 1
  )
  return total - tonumber(before[1] or 0)
end

-- Seconds until `count` of those have left the window.
local function frees_in(seconds, count)
  local since = now - seconds
  local upto = total - used(seconds) + count
  local entries = redis.call(
    'ZRANGEBYSCORE', window_key(seconds), exact(since), '+inf', 'WITHSCORES', 'LIMIT', 0, count
  )
  for place = 1, #entries, 2 do
    if tonumber(entries[place]) >= upto then return tonumber(entries[place + 1]) - since + 0.001 end
  end
  return math.min(seconds, POLL) -- some of them are still on their way
end

-- Adds one entry; entries of the same small piece of time are one, with the instant of the last.
local function enter(key, seconds, at, up_to)
  local piece = seconds / DETAIL
  local last = redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')
  if last[2] and math.floor(tonumber(last[2]) / piece) == math.floor(at / piece) then
    redis.call('ZREM', key, last[1])
  end
  redis.call('ZADD', key, exact(at), exact(up_to))
end

local function stamp(count)
  if count <= 0 then return end
  total = total + count
  for _, seconds in ipairs(covered) do
    local key = window_key(seconds)
    enter(key, seconds, now, total)
    -- The youngest that is too old stays: it says how many went before the window.
    local old = redis.call(
      'ZREVRANGEBYSCORE', key, '(' .. exact(now - seconds), '-inf', 'WITHSCORES', 'LIMIT', 0, 1
    )
    if old[2] then redis.call('ZREMRANGEBYSCORE', key, '-inf', '(' .. old[2]) end
  end
end

-- Takes `count` of what the holder has on its way, or all; returns how many it had of them.
local function land(holder, count)
  local has = tonumber(redis.call('HGET', air_key, holder) or 0)
  local landed = math.min(has, count or has)
  in_air = math.max(0, in_air - landed)
  if landed < has then
    redis.call('HSET', air_key, holder, exact(has - landed))
    redis.call('ZADD', seen_key, exact(now), holder)
  else
    redis.call('HDEL', air_key, holder)
    redis.call('ZREM', seen_key, holder)
    redis.call('SREM', presumed_key, holder)
  end
  return landed
end

local function settle(holder) stamp(land(holder)) end

local function refuse(wait, binding)
  local answer = {'0', exact(wait), binding}
  if in_air > 0 then
    local silent = redis.call('ZRANGEBYSCORE', seen_key, '-inf', exact(now - SILENT))
    for _, holder in ipairs(silent) do answer[#answer + 1] = holder end
  end
  return answer
end

local function is_covered()
  local found = {}
  for _, seconds in ipairs(covered) do found[seconds] = true end
  for _, window in ipairs(order.windows) do
    if not found[window[1]] then return false end
  end
  return true
end

-- The least that a window must leave for a grant.
local function least_of(window, want)
  if not order.bulk or window[1] > SHORT then return 1 end
  return math.max(1, math.min(want, math.floor(window[2] / PART)))
end

-- How many of `want` the windows leave; if too few, how long until they leave more; and which of them binds.
local function room_for(want)
  local room, wait, binding = want, 0, ''
  for place, window in ipairs(order.windows) do
    local left, least = window[2] - used(window[1]) - in_air, least_of(window, want)
    if left < least then
      wait = math.max(wait, frees_in(window[1], least - left))
      left = 0
    end
    if left < room then room, binding = left, tostring(place) end
  end
  return room, wait, binding
end

local function urgent_wait()
  redis.call('ZREMRANGEBYSCORE', urgent_key, '-inf', exact(now))
  local last = redis.call('ZRANGE', urgent_key, -1, -1, 'WITHSCORES')
  return last[2] and math.min(POLL, tonumber(last[2]) - now)
end

local function grant(count)
  if #order.windows == 0 then return end
  in_air = in_air + count
  redis.call('HINCRBY', air_key, order.holder, count)
  redis.call('ZADD', seen_key, exact(now), order.holder)
end

local function ask_bulk()
  local want = math.min(order.wanted, order.batch_size)
  next_batch = math.min(next_batch, now + order.batch_delay) -- the setting may have been a longer one
  local room, wait, binding = room_for(want)
  if room == 0 then return refuse(math.max(wait, next_batch - now), binding) end
  local first = #order.windows > 0 and urgent_wait()
  if first then return {'0', exact(first), 'urgent'} end
  if next_batch > now then return {'0', exact(next_batch - now), 'batch_delay'} end
  grant(room)
  -- Where a window cut the batch short, the gap is as much shorter.
  next_batch = now + order.batch_delay * (room < want and room / order.batch_size or 1)
  return {exact(room), '0', binding}
end

local function ask_urgent()
  local room, wait, binding = room_for(order.wanted)
  if room < order.wanted then
    redis.call('ZADD', urgent_key, exact(now + wait + GRACE), order.holder)
  elseif #order.windows > 0 then
    redis.call('ZREM', urgent_key, order.holder)
  end
  if room == 0 then return refuse(wait, binding) end
  grant(room)
  return {exact(room), '0', binding}
end

local acts = {}

function acts.ask()
  if not is_covered() then return 'rebuild' end
  -- It was at work when Redis forgot everything: what it had then went, for all that we know.
  if #order.windows > 0 and redis.call('SISMEMBER', presumed_key, order.holder) == 1 then settle(order.holder) end
  local answer = order.bulk and ask_bulk() or ask_urgent()
  keep()
  return answer
end

-- Without the windows nothing is noted: the ledger tells when they are rebuilt.
function acts.spend()
  if #covered == 0 then return {} end
  stamp(order.count)
  land(order.holder, order.count)
  keep()
  return {}
end

-- So many went, the rest will not; of what a holder had when Redis forgot everything, it may have told before.
function acts.finish()
  if #covered == 0 then return {} end
  stamp(order.count)
  land(order.holder, order.count)
  if redis.call('SISMEMBER', presumed_key, order.holder) == 1 then settle(order.holder) else land(order.holder) end
  keep()
  return {}
end

function acts.settle()
  for _, holder in ipairs(order.holders) do settle(holder) end
  keep()
  return {}
end

local function enter_spent(seconds)
  local key, up_to, before = window_key(seconds), 0, 0
  redis.call('DEL', key)
  for _, entry in ipairs(order.spent) do
    up_to = up_to + entry[2]
    if entry[1] > seconds then before = up_to else enter(key, seconds, now - entry[1], up_to) end
  end
  if before > 0 then redis.call('ZADD', key, exact(now - 2 * seconds), exact(before)) end
  total = up_to
end

local function cover()
  local texts, wanted = {}, {}
  for _, seconds in ipairs(covered) do wanted[exact(seconds)] = seconds end
  for _, window in ipairs(order.windows) do wanted[exact(window[1])] = window[1] end
  covered = {}
  for text, seconds in pairs(wanted) do
    covered[#covered + 1], texts[#texts + 1] = seconds, text
  end
  redis.call('HSET', state_key, 'covered', table.concat(texts, ','))
end

local function presume(holder, count)
  local missing = count - tonumber(redis.call('HGET', air_key, holder) or 0)
  if missing <= 0 then return end
  in_air = in_air + missing
  redis.call('HINCRBY', air_key, holder, missing)
  redis.call('SADD', presumed_key, holder)
  redis.call('ZADD', seen_key, exact(now), holder)
end

-- Does nothing where somebody was faster.
function acts.rebuild()
  if is_covered() then return {} end
  cover()
  for _, seconds in ipairs(covered) do enter_spent(seconds) end
  for _, one in ipairs(order.held) do presume(one[1], one[2]) end
  keep()
  return {}
end

function acts.state()
  if not is_covered() then return 'rebuild' end
  local answer = {exact(in_air), exact(math.max(0, next_batch - now))}
  for _, window in ipairs(order.windows) do answer[#answer + 1] = exact(used(window[1])) end
  for _, window in ipairs(order.windows) do answer[#answer + 1] = exact(frees_in(window[1], 1)) end
  return answer
end

return acts[order.op]()
