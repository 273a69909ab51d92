-- What Redis says that a worker holds, for a worker that cannot know whether it was told.
--
-- Takes one argument, JSON: worker, known (ids of the executions it knows of), lanes (all of them).
-- Returns {run, lane, execution, message} for each execution that it does not know; one whose job or lane is
-- not to be found any more is ended here.

local order = cjson.decode(ARGV[1])
local held_key = 'rq:worker:' .. order.worker .. ':executions'
local known, unknown = {}, {}
for _, execution in ipairs(order.known) do known[execution] = true end

local function lane_of(entry)
  for _, lane in ipairs(order.lanes) do
    if redis.call('ZSCORE', 'rq:wip:' .. lane, entry) then return lane end
  end
  return nil
end

for _, entry in ipairs(redis.call('SMEMBERS', held_key)) do
  local run, execution = string.match(entry, '^([%w_-]+):(%w+)$')
  if not (execution and known[execution]) then
    local lane = run and lane_of(entry)
    local message = lane and redis.pcall(
      'HMGET', 'rq:job:' .. run, 'data', 'meta', 'origin',
      'success_callback_name', 'failure_callback_name', 'stopped_callback_name'
    )
    if message and not message.err then
      unknown[#unknown + 1] = {run, lane, execution, message}
    else
      redis.call('SREM', held_key, entry)
      redis.call('DEL', 'rq:execution:' .. entry)
      if run then redis.pcall('ZREM', 'rq:executions:' .. run, execution) end
    end
  end
end
return unknown
