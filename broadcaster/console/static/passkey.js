// Passkeys under a strict policy. A form with a hidden "passkey" field signs in the moment it is sent: the login's always,
// a form that asks for proof where password and code were left empty. Without script both stay out of sight.
const token = (form) => form.querySelector("[name=csrf_token]").value;

function say(form, text) {
  const place = form.querySelector("[data-passkey-said]");
  if (place) { place.textContent = text; place.hidden = !text; }
}

async function sign(form) {
  const field = form.querySelector("[data-passkey]");
  const asked = await fetch(field.dataset.passkey, { method: "POST", headers: { "X-CSRFToken": token(form) } });
  const options = await asked.json();
  if (!asked.ok) throw new Error(options.wrong || field.dataset.failed);
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  field.value = JSON.stringify(await navigator.credentials.get({ publicKey }));
}

async function make(form) {
  const field = form.querySelector("[data-passkey-new]");
  const asked = await fetch(field.dataset.passkeyNew, { method: "POST", body: new FormData(form) });
  const options = await asked.json();
  if (!asked.ok) throw new Error(options.wrong || field.dataset.failed);
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  field.value = JSON.stringify(await navigator.credentials.create({ publicKey }));
}

const typed = (form) => [...form.querySelectorAll("[name=password], [name=code]")].some((input) => input.value.trim());
const empty = (field) => field && !field.disabled && field.value === "";
const needsProof = (form) => empty(form.querySelector("[data-passkey]")) && !typed(form);
const needsKey = (form, button) => button?.hasAttribute("data-makes") && empty(form.querySelector("[data-passkey-new]"));

async function before(form, button) {  // an older key, or password or code, proves who asks for a new one
  if (needsProof(form)) await sign(form);
  if (!needsKey(form, button)) return;
  await make(form);
  for (const used of form.querySelectorAll("[data-passkey], [name=password], [name=code]")) used.disabled = true;
}

if (window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
  for (const part of document.querySelectorAll("[data-passkey-only]")) part.hidden = false;
  document.addEventListener("submit", async (event) => {
    const form = event.target, button = event.submitter;
    if (!needsProof(form) && !needsKey(form, button)) return;
    event.preventDefault();
    say(form, "");
    try {
      await before(form, button);
      form.requestSubmit(button);
    } catch (error) {
      for (const field of form.querySelectorAll("[data-passkey], [data-passkey-new]")) field.value = "";
      const field = form.querySelector("[data-passkey], [data-passkey-new]");
      say(form, error.name === "Error" ? error.message : field.dataset.failed);
    }
  });
}
