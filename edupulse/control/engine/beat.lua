-- A worker lives, and so does all that it works on: what RQ's heartbeats write, for every execution at once.
--
-- Takes one argument, JSON: worker, now (text), stamp (text), at (whole seconds), worker_ttl, ttl (of an execution),
--   working (false: it has nothing in hand).
-- What somebody has spoilt with a key of another kind is passed over (pcall).
-- Returns 0 when Redis does not know the worker: only it can write itself down again.

local order = cjson.decode(ARGV[1])
local worker_key = 'rq:worker:' .. order.worker
local held_key = worker_key .. ':executions'
if redis.call('HEXISTS', worker_key, 'birth') == 0 then return 0 end

redis.call('HSET', worker_key, 'last_heartbeat', order.now)
redis.call('EXPIRE', worker_key, order.worker_ttl)
redis.call('EXPIRE', held_key, order.worker_ttl)
for _, entry in ipairs(order.working and redis.call('SMEMBERS', held_key) or {}) do
  local run, execution = string.match(entry, '^([%w_-]+):(%w+)$')
  local lane = run and redis.pcall('HGET', 'rq:job:' .. run, 'origin')
  if type(lane) == 'string' then
    redis.pcall(
      'HSET', 'rq:execution:' .. entry, 'id', execution, 'job_id', run, 'last_heartbeat', order.stamp,
      'worker_name', order.worker
    )
    redis.pcall('HSETNX', 'rq:execution:' .. entry, 'created_at', order.stamp) -- it had expired in a long silence
    redis.pcall('EXPIRE', 'rq:execution:' .. entry, order.ttl)
    redis.pcall('ZADD', 'rq:wip:' .. lane, order.at + order.ttl, entry)
    redis.pcall('ZADD', 'rq:executions:' .. run, order.at + order.ttl + 60, execution)
    redis.pcall('EXPIRE', 'rq:executions:' .. run, order.ttl + 60)
    redis.pcall('HSET', 'rq:job:' .. run, 'last_heartbeat', order.now)
  end
end
return 1
