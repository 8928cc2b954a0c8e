// read_stream.mjs URL TYPE: reads the gateway's stream with `eventsource` until an event of that type, and prints the
// id of each event, once `cloudevents` has found it to be one.
import { CloudEvent } from "cloudevents";
import { EventSource } from "eventsource";

const [url, type] = process.argv.slice(2);
const headers = { Authorization: `Bearer ${process.env.VITANA_TOKEN}` };
const source = new EventSource(url, {
  fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, ...headers } }),
});
source.addEventListener("open", () => console.error("open"));
source.addEventListener("message", (message) => {
  const event = new CloudEvent(JSON.parse(message.data), true);
  event.validate();
  if (message.lastEventId !== event.id) throw new Error(`the id ${message.lastEventId} is not the event's ${event.id}`);
  console.log(event.id);
  if (event.type === type) {
    source.close();
    process.exit(0);
  }
});
