import { defineMessages } from '@/i18n/messages';

export const messages = defineMessages({
  en: {
    title: 'Sign in',
    user: 'User',
    password: 'Password',
    submit: 'Sign in',
    userMissing: 'Enter the user name; the first user is called admin.',
    passwordMissing: 'Enter the password.',
    wrong: 'Wrong user name or password. Check both and try again.',
    tooMany: (seconds: number) =>
      `Too many failed attempts. Try again in ${seconds < 60 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`}.`,
    tryAgainNow: 'You can try again now.',
    help: 'The first user is “admin”. Its password was chosen when the service started, or is in the file admin-password of the service’s folder.',
  },
  es: {
    title: 'Iniciar sesión',
    user: 'Usuario',
    password: 'Contraseña',
    submit: 'Iniciar sesión',
    userMissing: 'Escriba el nombre de usuario; el primero se llama admin.',
    passwordMissing: 'Escriba la contraseña.',
    wrong: 'Usuario o contraseña incorrectos. Compruebe ambos y vuelva a intentarlo.',
    tooMany: (seconds) =>
      `Demasiados intentos fallidos. Vuelva a intentarlo dentro de ${seconds < 60 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`}.`,
    tryAgainNow: 'Ya puede volver a intentarlo.',
    help: 'El primer usuario es «admin». Su contraseña se eligió al arrancar el servicio, o está en el archivo admin-password de la carpeta del servicio.',
  },
});
