-- The status follows kstatus: https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md
-- Ready is True while the rollout does what its spec says, so that a sync does not wait for parcels.
local hs = { status = "Progressing", message = "Waiting for the operator" }
if obj.status == nil then
  return hs
end

local ready = nil
local reconciling = nil
local stalled = nil
for _, condition in ipairs(obj.status.conditions or {}) do
  if condition.type == "Ready" then
    ready = condition
  elseif condition.type == "Reconciling" and condition.status == "True" then
    reconciling = condition
  elseif condition.type == "Stalled" and condition.status == "True" then
    stalled = condition
  end
end

if obj.metadata.deletionTimestamp ~= nil then
  hs.message = "Being deleted"
  if ready ~= nil then
    hs.message = ready.message
  end
  return hs
end

if obj.status.observedGeneration ~= obj.metadata.generation then
  hs.message = "Waiting for the operator to see the spec as it is"
  return hs
end

if stalled ~= nil then
  hs.status = "Degraded"
  hs.message = stalled.message
  return hs
end

if ready == nil then
  return hs
end
hs.message = ready.message

if obj.spec.paused == true or ready.reason == "AwaitingApproval" then
  hs.status = "Suspended"
elseif reconciling == nil and ready.status == "True" then
  hs.status = "Healthy"
end
return hs
