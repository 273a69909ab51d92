-- The connections of one mail account, counted over all processes that open some.
--
-- KEYS[1]: the account's key; its other keys begin with it. Takes one argument, JSON:
--   op: take | renew | release | leave | learn
--   process: how the tokens of the caller's process begin; lease: seconds that a place lasts unless it is renewed
--   take, leave: token, limit; renew: tokens, limit; release: tokens; learn: limit
-- Returns take: 1 when the place is the token's, else 0: it waits in line until it asks no more;
--   renew: how many connections of the caller others wait for, or are too many; else 0.

local order = cjson.decode(ARGV[1])
local held_key, line_key, seen_key, learned_key = KEYS[1], KEYS[1] .. ':line', KEYS[1] .. ':seen', KEYS[1] .. ':learned'

local QUIET = 3 -- seconds after which one that waits and does not ask again has gone
local PROBE = 300 -- seconds after which one connection more than the server took is tried
local DAY = 86400

local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000

local function exact(number) return string.format('%.17g', number) end

local function leave(token)
  redis.call('ZREM', line_key, token)
  redis.call('ZREM', seen_key, token)
end

-- What was written before the clock was set back lasts no longer than what is written now.
local function bring_back(key, latest)
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', key, '(' .. exact(latest), '+inf')) do
    redis.call('ZADD', key, exact(latest), member)
  end
end

local function tidy()
  redis.call('ZREMRANGEBYSCORE', held_key, '-inf', exact(now))
  bring_back(held_key, now + order.lease)
  bring_back(seen_key, now)
  for _, token in ipairs(redis.call('ZRANGEBYSCORE', seen_key, '-inf', exact(now - QUIET))) do leave(token) end
end

-- As many as are allowed, or as many as the server was seen to take and one more for each quiet while since.
local function most()
  local learned = redis.call('HMGET', learned_key, 'most', 'at')
  if not learned[1] then return order.limit end
  local quiet = math.max(0, now - tonumber(learned[2]))
  return math.min(order.limit, tonumber(learned[1]) + math.floor(quiet / PROBE))
end

local acts = {}

function acts.take()
  redis.call('ZADD', line_key, 'NX', exact(now), order.token)
  redis.call('ZADD', seen_key, exact(now), order.token)
  local free = most() - redis.call('ZCARD', held_key)
  if redis.call('ZRANK', line_key, order.token) >= free then return 0 end
  leave(order.token)
  redis.call('ZADD', held_key, exact(now + order.lease), order.token)
  return 1
end

local function others_in_line()
  local count = 0
  for _, token in ipairs(redis.call('ZRANGE', line_key, 0, -1)) do
    if string.sub(token, 1, #order.process) ~= order.process then count = count + 1 end
  end
  return count
end

function acts.renew()
  for _, token in ipairs(order.tokens) do redis.call('ZADD', held_key, exact(now + order.lease), token) end
  local free = most() - redis.call('ZCARD', held_key)
  return math.max(0, others_in_line() - math.max(0, free), -free)
end

function acts.release()
  for _, token in ipairs(order.tokens) do redis.call('ZREM', held_key, token) end
  return 0
end

function acts.leave()
  leave(order.token)
  return 0
end

-- The server refused one of those that are held now.
function acts.learn()
  local fewer = math.max(1, math.min(most(), redis.call('ZCARD', held_key)) - 1)
  redis.call('HSET', learned_key, 'most', fewer, 'at', exact(now))
  redis.call('EXPIRE', learned_key, DAY)
  return fewer
end

tidy()
return acts[order.op]()
