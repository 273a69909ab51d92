-- One turn of a worker: it ends executions, and takes as many messages as it has free places.
--
-- Takes one argument, JSON:
--   worker, state (as last written), now (text), stamp (seconds with fraction, text), at (whole seconds),
--   ttl (of an execution, seconds)
--   ended: {run, lane, execution, kind, ended, began_stamp, ended_stamp, seconds, payload, refused, over, ttl}
--   want, id and first (beginning and first number of the executions' ids),
--   lanes: the three Redis queues of each queue, the more urgent first
-- Returns {born, taken, for_rq, dropped, state}:
--   born: 0 when Redis does not know the worker (nothing was done); taken: {run, lane, execution, message};
--   for_rq: places in `ended` (from 0) of what only RQ's own methods can end; dropped: ids that no job can have.
-- Everything here is what RQ's own code writes for the same event, in its order.

local order = cjson.decode(ARGV[1])
local worker_key = 'rq:worker:' .. order.worker
local held_key = worker_key .. ':executions'
local TRIMMED = 25 -- old entries are removed so many at a time: more than come in, and never a long stop

local KINDS = {
  finished = {
    status = 'finished', result_type = '1', registry = 'rq:finished:', most = 2000,
    ttl = 'result_ttl', payload = 'return_value', counter = 'successful_job_count',
  },
  failed = {
    status = 'failed', result_type = '2', registry = 'rq:failed:', most = 1000,
    ttl = 'failure_ttl', payload = 'exc_string', counter = 'failed_job_count',
  },
  stopped = {
    status = 'stopped', result_type = '2', registry = 'rq:failed:', most = 1000,
    ttl = 'failure_ttl', payload = 'exc_string', counter = 'failed_job_count',
  },
}
-- A job that has any of these is more than ordinary: what follows its end is RQ's business.
local EXTRAS = {
  'success_callback_name', 'failure_callback_name', 'stopped_callback_name', 'retries_left', 'repeats_left',
  'webhooks', 'rate_limit_key', 'group_id',
}
-- What a worker must see to believe a message; `message` in the answer has the same order.
local MESSAGE = {
  'data', 'meta', 'origin', 'success_callback_name', 'failure_callback_name', 'stopped_callback_name',
}

local counted, seconds_worked, touched = {}, 0, {}

-- Arguments for one key are gathered, and written with one command for all jobs of the turn.
local function gather(into, key, ...)
  local values = into[key] or {}
  into[key] = values
  for _, value in ipairs({...}) do values[#values + 1] = value end
end

local function write(command, gathered)
  for key, values in pairs(gathered) do redis.call(command, key, unpack(values)) end
end

-- Whoever can write to Redis can put a key of another kind in the way of a job: that job suffers, the turn does not.
-- Any other error ends the turn.
local function unless_spoilt(act, ...)
  local went_well, answer = pcall(act, ...)
  if went_well then return true, answer end
  local said = type(answer) == 'table' and answer.err or tostring(answer)
  if not string.find(said, 'WRONGTYPE', 1, true) then error(answer, 0) end
  return false
end

local under_way_no_more, let_go = {}, {}

local function end_execution(one)
  local entry = one.run .. ':' .. one.execution
  redis.call('DEL', 'rq:execution:' .. entry)
  gather(under_way_no_more, 'rq:wip:' .. one.lane, entry)
  gather(let_go, held_key, entry)
  redis.call('ZREM', 'rq:executions:' .. one.run, one.execution)
end

-- The lifetime that the job asks for, or nil when ending it is RQ's business.
local function ordinary_ttl(fields, job_key, one)
  for place = 3, #EXTRAS + 2 do
    if fields[place] and fields[place] ~= '' then return nil end
  end
  if redis.call('EXISTS', job_key .. ':dependents', 'rq:job::' .. one.run .. ':dependencies') > 0 then
    return nil
  end
  local ttl = tonumber(fields[2])
  if ttl and ttl > 0 then return ttl end
  return nil
end

local function write_result(one, kind, ttl)
  local key = 'rq:results:' .. one.run
  local fields = {'type', kind.result_type, 'worker_name', order.worker}
  if one.payload then
    fields[5], fields[6] = kind.payload, one.payload
  end
  for _, field in ipairs({
    'execution_id', one.execution, 'execution_started_at', one.began_stamp, 'execution_ended_at', one.ended_stamp,
  }) do fields[#fields + 1] = field end
  redis.call('XADD', key, 'MAXLEN', '~', '10', '*', unpack(fields))
  redis.call('EXPIRE', key, ttl)
end

local function write_end(job_key, one, kind, ttl)
  redis.call('HSET', job_key, 'last_heartbeat', one.ended, 'status', kind.status, 'ended_at', one.ended)
  write_result(one, kind, ttl)
  redis.call('ZADD', kind.registry .. one.lane, order.at + ttl, one.run)
  redis.call('EXPIRE', job_key, ttl)
  counted[kind.counter] = (counted[kind.counter] or 0) + 1
  seconds_worked = seconds_worked + one.seconds
  touched[kind.registry .. one.lane] = kind.most
end

-- Returns false when RQ's own methods must do it; they end the execution as well.
local function end_one(one)
  local job_key, kind = 'rq:job:' .. one.run, KINDS[one.kind]
  local fields = redis.call('HMGET', job_key, 'status', kind and kind.ttl or 'result_ttl', unpack(EXTRAS))
  local status = fields[1]
  -- Said before (the answer was lost), waiting again, or gone: there is nothing to write.
  if one.kind ~= 'nothing' and (status == 'started' or status == 'canceled') then
    local ttl = nil
    if one.refused then ttl = one.ttl elseif kind then ttl = ordinary_ttl(fields, job_key, one) end
    if not ttl then return false end
    write_end(job_key, one, kind, ttl)
  elseif one.over and status then
    redis.call('EXPIRE', job_key, one.ttl)
  end
  end_execution(one)
  return true
end

-- Keeps the registries of ended jobs short: the oldest leave, with what Redis knows of them.
local function trim(registry, most)
  local surplus = redis.call('ZCARD', registry) - most
  if surplus <= 0 then return end
  local runs = redis.call('ZRANGE', registry, 0, math.min(surplus, TRIMMED) + TRIMMED - 1)
  for _, run in ipairs(runs) do
    local _, status = unless_spoilt(redis.call, 'HGET', 'rq:job:' .. run, 'status')
    if status == 'finished' or status == 'failed' or status == 'stopped' then
      redis.call('DEL', 'rq:job:' .. run, 'rq:results:' .. run)
    end
  end
  redis.call('ZREM', registry, unpack(runs))
end

-- The lane whose head is next: the lowest rank, in its turn when it has none.
local function next_lane(lanes)
  local best, best_rank = nil, nil
  for _, lane in ipairs(lanes) do
    local head = redis.call('LINDEX', 'rq:queue:' .. lane, 0)
    if head then
      local _, rank = unless_spoilt(redis.call, 'HGET', 'rq:job:' .. head, 'rank')
      rank = tonumber(rank or 0) or 0
      if best == nil or rank < best_rank then best, best_rank = lane, rank end
    end
  end
  return best
end

local taken, dropped, under_way, held = {}, {}, {}, {}

local function take(run, lane)
  local job_key = 'rq:job:' .. run
  local message = redis.call('HMGET', job_key, unpack(MESSAGE))
  if not message[1] and redis.call('EXISTS', job_key) == 0 then return end -- deleted
  local execution = order.id .. string.format('%08x', order.first + #taken)
  local entry = run .. ':' .. execution
  redis.call(
    'HSET', 'rq:execution:' .. entry, 'id', execution, 'job_id', run,
    'created_at', order.stamp, 'last_heartbeat', order.stamp, 'worker_name', order.worker
  )
  redis.call('EXPIRE', 'rq:execution:' .. entry, order.ttl)
  redis.call('ZADD', 'rq:executions:' .. run, order.at + order.ttl + 60, execution)
  redis.call('EXPIRE', 'rq:executions:' .. run, order.ttl + 60)
  gather(under_way, 'rq:wip:' .. lane, order.at + order.ttl, entry)
  gather(held, held_key, entry)
  redis.call(
    'HSET', job_key, 'last_heartbeat', order.now, 'status', 'started', 'started_at', order.now,
    'worker_name', order.worker
  )
  redis.call('PERSIST', job_key)
  taken[#taken + 1] = {run, lane, execution, message}
end

-- Takes from the one lane that is filled all that is wanted, else the next in line; false when there is nothing.
local function take_some(lanes)
  local high, normal, low = unpack(lanes)
  local filled = redis.call('EXISTS', 'rq:queue:' .. high, 'rq:queue:' .. normal, 'rq:queue:' .. low)
  if filled == 0 then return false end
  local candidates, many = {normal, high, low}, order.want - #taken
  if filled > 1 then candidates, many = {next_lane(lanes)}, 1 end
  for _, lane in ipairs(candidates) do
    local runs = redis.call('LPOP', 'rq:queue:' .. lane, many)
    if runs then
      for _, run in ipairs(runs) do
        if not (string.match(run, '^[%w_-]+$') and unless_spoilt(take, run, lane)) then
          dropped[#dropped + 1] = run
        end
      end
      return true
    end
  end
end

if redis.call('HEXISTS', worker_key, 'birth') == 0 then return {0, {}, {}, {}} end

local for_rq = {}
for place, one in ipairs(order.ended) do
  local is_whole, is_done = unless_spoilt(end_one, one)
  if not is_whole then unless_spoilt(end_execution, one) end
  if is_whole and not is_done then for_rq[#for_rq + 1] = place - 1 end
end
write('ZREM', under_way_no_more)
write('SREM', let_go)
for counter, many in pairs(counted) do redis.call('HINCRBY', worker_key, counter, many) end
if seconds_worked > 0 then redis.call('HINCRBYFLOAT', worker_key, 'total_working_time', seconds_worked) end
for registry, most in pairs(touched) do trim(registry, most) end

if order.want > 0 then
  local paused = {}
  for _, name in ipairs(redis.call('SMEMBERS', 'edupulse:paused')) do paused[name] = true end
  for _, lanes in ipairs(order.lanes) do
    if #taken >= order.want then break end
    if not paused[lanes[2]] then -- the normal lane is called as the queue itself
      while #taken < order.want and take_some(lanes) do end
    end
  end
end

write('ZADD', under_way)
write('SADD', held)
if #taken > 0 then redis.call('EXPIRE', held_key, order.ttl) end
local state = redis.call('EXISTS', held_key) == 1 and 'busy' or 'idle'
if state ~= order.state then redis.call('HSET', worker_key, 'state', state) end
return {1, taken, for_rq, dropped, state}
