import { mount } from "svelte";
import App from "./App.svelte";
import "./app.css";
import { findSource } from "./data/source";
import { followHost } from "./state/host.svelte";
import { Session } from "./state/session.svelte";

const session = new Session(findSource());
mount(App, { target: document.getElementById("app")!, props: { session } });
followHost(session);
void session.open();
