-- For wrk: any of the tasks 1 to $TASKS, another one with each request.
local tasks = tonumber(os.getenv("TASKS"))
function request()
  return wrk.format(nil, string.format("/api/v1/tasks/VTID-%05d", math.random(tasks)))
end
