-- The status follows kstatus: https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md
local hs = { status = "Progressing", message = "Waiting for the operator" }
if obj.status == nil then
  return hs
end

if obj.metadata.deletionTimestamp ~= nil then
  hs.message = "Being deleted"
  return hs
end

if obj.status.observedGeneration ~= obj.metadata.generation then
  hs.message = "Waiting for the operator to see the spec as it is"
  return hs
end

for _, condition in ipairs(obj.status.conditions or {}) do
  if condition.type == "Stalled" and condition.status == "True" then
    hs.status = "Degraded"
    hs.message = condition.message
    return hs
  elseif condition.type == "Ready" then
    hs.message = condition.message
    if condition.status == "True" then
      hs.status = "Healthy"
    end
  end
end
return hs
