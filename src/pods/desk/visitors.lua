-- The visitors of these conversations are connected to this pod.
--
-- ARGV   pod, conversations …
-- Returns  {{tickets that this changed …}, {the state of each at the desk …}}

local pod, changed, present = ARGV[1], {}, {}
for at = 2, #ARGV do
  local conversation = ARGV[at]
  local t = ticket(conversation)
  if t then
    if t.online ~= '1' or t.pod ~= pod then
      changed[#changed + 1] = change(conversation, t, {online = '1', pod = pod})
    end
    heard_of(conversation, true)
  end
  present[#present + 1] = found(conversation)
end
return {changed, present}
